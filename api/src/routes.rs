//! The table of everything that can be done through the API. Pages are not in it: they are a client of it.

use http::{Method, StatusCode};

use crate::{
    documents, drafts, fleet, health, incidents, muting, notifications, openapi, operation::Operation,
    quarantine, runs,
};

/// Every operation.
pub(crate) fn table() -> Vec<Operation> {
    let description = Operation::new(Method::GET, "/openapi.json", "getDescription", openapi::show)
        .about("process", "This description")
        .answer(StatusCode::OK, "OpenAPI 3.1.", |_| schemars::json_schema!({ "type": "object" }));
    let mut table = documents::operations();
    table.extend(drafts::operations());
    table.extend(runs::operations());
    table.extend(incidents::operations());
    table.extend(muting::operations());
    table.extend(quarantine::operations());
    table.extend(notifications::operations());
    table.extend(fleet::operations());
    table.extend(health::operations());
    table.push(description);
    table
}
