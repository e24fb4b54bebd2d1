//! Every operation once: the router and the OpenAPI document are both made of this table, so that neither has one that
//! the other lacks.

mod activity;
mod api;
mod azure;
mod description;
mod grants;
mod health;
mod policies;
mod session;
mod vms;

use axum::{
    Router,
    handler::Handler,
    routing::{MethodFilter, MethodRouter, on},
};
use schemars::JsonSchema;

pub(crate) use self::description::{Access, Answer, Content, Describe, Header, Tag};
use crate::app::App;

/// What answers at a method and a path, and how it is described.
pub(crate) struct Operation {
    pub(crate) method: Method,
    /// Where it answers, with its parameters in braces.
    pub(crate) path: &'static str,
    /// `verb_resource`, unique.
    pub(crate) id: &'static str,
    pub(crate) summary: &'static str,
    pub(crate) access: Access,
    /// An object with one property for each parameter of the query.
    pub(crate) query: Option<Describe>,
    pub(crate) headers: Vec<Header>,
    pub(crate) body: Option<Describe>,
    pub(crate) answers: Vec<Answer>,
    /// Refusals that are its own; [`Operation::refusals`] has all.
    refuses: Vec<u16>,
    handler: MethodRouter<App>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    Get,
    Post,
    Put,
    Delete,
}

impl Method {
    /// In lower case, as OpenAPI has it.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::Post => "post",
            Self::Put => "put",
            Self::Delete => "delete",
        }
    }

    const fn filter(self) -> MethodFilter {
        match self {
            Self::Get => MethodFilter::GET,
            Self::Post => MethodFilter::POST,
            Self::Put => MethodFilter::PUT,
            Self::Delete => MethodFilter::DELETE,
        }
    }
}

/// All operations, by tag.
pub(crate) fn operations() -> Vec<(Tag, Vec<Operation>)> {
    vec![
        (Tag::Grants, grants::operations()),
        (Tag::Vms, vms::operations()),
        (Tag::Policies, policies::operations()),
        (Tag::Activity, activity::operations()),
        (Tag::Health, health::operations()),
        (Tag::Session, session::operations()),
        (Tag::Azure, azure::operations()),
        (Tag::Api, api::operations()),
    ]
}

/// What answers at the paths of all operations.
pub(crate) fn routes() -> Router<App> {
    let all = operations().into_iter().flat_map(|(_, operations)| operations);
    all.fold(Router::new(), |router, operation| router.route(operation.path, operation.handler))
}

fn get<H: Handler<T, App>, T: 'static>(
    path: &'static str,
    id: &'static str,
    summary: &'static str,
    handler: H,
) -> Operation {
    Operation::new(Method::Get, path, (id, summary), handler)
}

fn post<H: Handler<T, App>, T: 'static>(
    path: &'static str,
    id: &'static str,
    summary: &'static str,
    handler: H,
) -> Operation {
    Operation::new(Method::Post, path, (id, summary), handler)
}

fn put<H: Handler<T, App>, T: 'static>(
    path: &'static str,
    id: &'static str,
    summary: &'static str,
    handler: H,
) -> Operation {
    Operation::new(Method::Put, path, (id, summary), handler)
}

fn delete<H: Handler<T, App>, T: 'static>(
    path: &'static str,
    id: &'static str,
    summary: &'static str,
    handler: H,
) -> Operation {
    Operation::new(Method::Delete, path, (id, summary), handler)
}

impl Operation {
    fn new<H: Handler<T, App>, T: 'static>(
        method: Method,
        path: &'static str,
        (id, summary): (&'static str, &'static str),
        handler: H,
    ) -> Self {
        let handler = on(method.filter(), handler);
        let (query, headers, body, answers) = (None, Vec::new(), None, Vec::new());
        let (access, refuses) = (Access::Caller, Vec::new());
        Self { method, path, id, summary, access, query, headers, body, answers, refuses, handler }
    }

    fn open_to(self, access: Access) -> Self {
        Self { access, ..self }
    }

    fn asks<T: JsonSchema>(self) -> Self {
        Self { query: Some(|generator| T::json_schema(generator)), ..self }
    }

    fn takes<T: JsonSchema>(self) -> Self {
        Self { body: Some(|generator| generator.subschema_for::<T>()), ..self }
    }

    fn heeds(mut self, header: Header) -> Self {
        self.headers.push(header);
        self
    }

    /// Answers 200 with JSON.
    fn answers<T: JsonSchema>(self, about: &'static str) -> Self {
        self.answers_with::<T>(200, about)
    }

    fn answers_with<T: JsonSchema>(self, status: u16, about: &'static str) -> Self {
        self.answers_in(status, about, Content::Json(|generator| generator.subschema_for::<T>()))
    }

    fn answers_in(mut self, status: u16, about: &'static str, content: Content) -> Self {
        self.answers.push(Answer { status, about, content });
        self
    }

    fn refuses(mut self, statuses: &[u16]) -> Self {
        self.refuses.extend(statuses);
        self
    }

    /// The names in the path's braces.
    pub(crate) fn path_parameters(&self) -> impl Iterator<Item = &'static str> {
        self.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
    }

    /// Every status with which it may say no, in order.
    pub(crate) fn refusals(&self) -> Vec<u16> {
        let has_path = self.path_parameters().next().is_some();
        let mut statuses = self.refuses.clone();
        if has_path || self.query.is_some() || self.body.is_some() || !self.headers.is_empty() {
            statuses.push(400);
        }
        if has_path {
            statuses.push(404);
        }
        if self.body.is_some() {
            statuses.extend([413, 415]);
        }
        if self.access == Access::Caller {
            statuses.extend([401, 403, 500, 502, 503]);
        }
        statuses.sort_unstable();
        statuses.dedup();
        statuses
    }
}
