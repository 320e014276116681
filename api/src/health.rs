//! Whether the process lives, and whether it can do its work.

use axum::{Json, extract::State};
use http::{Method, StatusCode};
use schemars::JsonSchema;
use serde::Serialize;
use store::SchemaState;

use crate::{
    Api,
    operation::Operation,
    refusal::{Code, Refusal},
};

/// That all is well.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Health {
    /// `ok`.
    status: &'static str,
    /// Of Skopos.
    version: &'static str,
}

/// All operations on the process.
pub(crate) fn operations() -> [Operation; 2] {
    const TAG: &str = "process";
    [
        Operation::new(Method::GET, "/healthz", "getHealth", healthz)
            .about(TAG, "Whether the process lives")
            .answer(StatusCode::OK, "It does.", |schemas| schemas.answer::<Health>()),
        Operation::new(Method::GET, "/readyz", "getReadiness", readyz)
            .about(TAG, "Whether the database answers, with the schema that this version needs")
            .answer(StatusCode::OK, "It does.", |schemas| schemas.answer::<Health>())
            .refuses([Code::Unavailable]),
    ]
}

async fn healthz(State(api): State<Api>) -> Json<Health> {
    Json(Health { status: "ok", version: api.version })
}

async fn readyz(State(api): State<Api>) -> Result<Json<Health>, Refusal> {
    let wrong = |detail| Err(Refusal::new(Code::Unavailable, detail));
    match api.store.schema_state().await? {
        SchemaState::UpToDate => Ok(Json(Health { status: "ok", version: api.version })),
        SchemaState::Older => {
            wrong("the schema of the database is older than this version: run `skopos migrate`")
        }
        SchemaState::Newer => {
            wrong("the schema of the database is newer than this version: run a newer Skopos")
        }
    }
}
