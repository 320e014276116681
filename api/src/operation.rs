//! One row of the table of operations: what the router needs to answer it, and what `/openapi.json` says about it.

use std::sync::Arc;

use axum::{
    handler::Handler,
    middleware,
    routing::{MethodFilter, MethodRouter, on},
};
use http::{Method, StatusCode};
use schemars::{JsonSchema, Schema};

use crate::{Api, openapi::Schemas, query, refusal::Code};

/// Where a schema comes from once there is a document to put it in.
pub(crate) type SchemaOf = fn(&mut Schemas) -> Schema;

/// One method of one path.
pub(crate) struct Operation {
    pub(crate) method: Method,
    pub(crate) path: String,
    /// Unique; client generators make function names of it.
    pub(crate) id: String,
    pub(crate) tag: &'static str,
    /// One sentence without a full stop.
    pub(crate) summary: String,
    /// Each an object whose properties are query parameters.
    pub(crate) queries: Vec<SchemaOf>,
    pub(crate) body: Option<Body>,
    pub(crate) answers: Vec<Answer>,
    pub(crate) refusals: Vec<Code>,
    handler: MethodRouter<Api>,
}

/// What a request carries.
pub(crate) struct Body {
    pub(crate) required: bool,
    pub(crate) schema: SchemaOf,
}

/// One way to succeed.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) description: &'static str,
    /// Nothing for an answer without a body.
    pub(crate) schema: Option<SchemaOf>,
    /// Whether `Location` says where what came into being is.
    pub(crate) has_location: bool,
}

impl Operation {
    pub(crate) fn new<H, T>(
        method: Method,
        path: impl Into<String>,
        id: impl Into<String>,
        handler: H,
    ) -> Self
    where
        H: Handler<T, Api>,
        T: 'static,
    {
        let filter = MethodFilter::try_from(method.clone()).expect("the table has ordinary methods only");
        Self {
            method,
            path: path.into(),
            id: id.into(),
            tag: "",
            summary: String::new(),
            queries: Vec::new(),
            body: None,
            answers: Vec::new(),
            refusals: Vec::new(),
            handler: on(filter, handler),
        }
    }

    pub(crate) fn about(mut self, tag: &'static str, summary: impl Into<String>) -> Self {
        self.tag = tag;
        self.summary = summary.into();
        self
    }

    pub(crate) fn query<T: JsonSchema>(mut self) -> Self {
        self.queries.push(|schemas| schemas.inline::<T>());
        self
    }

    pub(crate) fn body(mut self, schema: SchemaOf) -> Self {
        self.body = Some(Body { required: true, schema });
        self
    }

    pub(crate) fn optional_body(mut self, schema: SchemaOf) -> Self {
        self.body = Some(Body { required: false, schema });
        self
    }

    pub(crate) fn answer(mut self, status: StatusCode, description: &'static str, schema: SchemaOf) -> Self {
        self.answers.push(Answer { status, description, schema: Some(schema), has_location: false });
        self
    }

    pub(crate) fn answer_with_location(
        mut self,
        status: StatusCode,
        description: &'static str,
        schema: SchemaOf,
    ) -> Self {
        self.answers.push(Answer { status, description, schema: Some(schema), has_location: true });
        self
    }

    pub(crate) fn no_content(mut self, description: &'static str) -> Self {
        let status = StatusCode::NO_CONTENT;
        self.answers.push(Answer { status, description, schema: None, has_location: false });
        self
    }

    pub(crate) fn refuses(mut self, refusals: impl IntoIterator<Item = Code>) -> Self {
        self.refusals.extend(refusals);
        self
    }

    /// The path and what answers there.
    pub(crate) fn into_route(self) -> (String, MethodRouter<Api>) {
        let mut schemas = Schemas::new();
        let known: Arc<[String]> = self.parameters(&mut schemas).into_iter().map(|one| one.name).collect();
        let only = middleware::from_fn(move |request, next| query::only(known.clone(), request, next));
        (self.path, self.handler.layer(only))
    }

    /// The query parameters.
    pub(crate) fn parameters(&self, schemas: &mut Schemas) -> Vec<Parameter> {
        let mut parameters = Vec::new();
        for query in &self.queries {
            let schema = query(schemas);
            let properties = schema.get("properties").and_then(|all| all.as_object());
            for (name, schema) in properties.into_iter().flatten() {
                parameters.push(Parameter { name: name.clone(), schema: schema.clone() });
            }
        }
        parameters
    }
}

/// One query parameter. None is required.
pub(crate) struct Parameter {
    pub(crate) name: String,
    pub(crate) schema: serde_json::Value,
}
