//! Those who are told, all of them on ports of loopback.

use std::{fs, path::Path, sync::Arc, time::Duration};

use chaos::{
    ports::Ports,
    receivers::{
        mailbox::{Greeting, Mailbox},
        pagerduty::Pagerduty,
        slack::Slack,
        webhook::Webhook,
    },
    web,
};

use crate::documents::SECRET;

/// What vendors take to answer: whoever is killed meanwhile does not know that its message was taken.
const ANSWERS_AFTER: Duration = Duration::from_millis(200);

/// One of each.
pub(crate) struct Receivers {
    pub(crate) pagerduty: Arc<Pagerduty>,
    pub(crate) slack: Arc<Slack>,
    pub(crate) mailbox: Mailbox,
    pub(crate) webhook: Arc<Webhook>,
    pub(crate) places: Places,
}

/// Where they listen.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Places {
    pub(crate) pagerduty: u16,
    pub(crate) slack: u16,
    pub(crate) webhook: u16,
}

impl Receivers {
    pub(crate) async fn start(ports: &mut Ports) -> anyhow::Result<Self> {
        let (pagerduty, slack) = (Arc::new(Pagerduty::new(7, 5..40)), Arc::new(Slack::slow(ANSWERS_AFTER)));
        let webhook = Arc::new(Webhook::new(SECRET));
        let places = Places { pagerduty: ports.free()?, slack: ports.free()?, webhook: ports.free()? };
        web::serve(places.pagerduty, pagerduty.clone()).await?;
        web::serve(places.slack, slack.clone()).await?;
        web::serve(places.webhook, webhook.clone()).await?;
        let mailbox = Mailbox::start(Greeting::Plain).await?;
        mailbox.answers_after(ANSWERS_AFTER);
        Ok(Self { pagerduty, slack, mailbox, webhook, places })
    }

    /// What a notifier has to know of the mail server; its certificate is put into that folder.
    pub(crate) fn smtp(&self, folder: &Path) -> anyhow::Result<[(&'static str, String); 3]> {
        let ca = folder.join("mail-ca.pem");
        fs::write(&ca, &self.mailbox.ca)?;
        Ok([
            ("SKOPOS__SMTP__URL", self.mailbox.url("open-sesame")),
            ("SKOPOS__SMTP__CA", ca.display().to_string()),
            ("SKOPOS__SMTP__FROM", "Skopos <alerts@shop.test>".to_owned()),
        ])
    }
}
