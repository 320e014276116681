//! Carries wake-up calls: RabbitMQ, or in-process.
