//! One authorized request to the API, with all that a verb needs to know of it.

use crate::accept::Accept;
use crate::query::Query;
use crate::request_info::ResourceInfo;
use crate::write_options::{self, FieldValidation};
use auth::Authorized;
use bytes::Bytes;
use http::header::USER_AGENT;
use http::request::Parts;
use kinds::Kind;
use object::{ApiError, Gvk, Result};
use patch::apply::manager_of_user_agent;
use registry::{Call, Target};
use std::sync::{Mutex, PoisonError};

/// One authorized request to the API.
#[derive(Debug)]
pub(crate) struct Ask {
    /// The kind of the resource in the path.
    pub kind: &'static Kind,
    /// What the path says.
    pub resource: ResourceInfo,
    /// The API's verb.
    pub verb: String,
    /// The options.
    pub query: Query,
    /// The proof that they may, and who they are.
    pub authorized: Authorized,
    /// In which forms the answer may come.
    pub accept: Accept,
    /// The body, whole.
    pub body: Bytes,
    /// Sentences for the client, whatever the answer.
    warnings: Mutex<Vec<String>>,
    /// Method, URI and headers, and what an upgrade of the connection needs.
    pub parts: Parts,
}

impl Ask {
    /// Checks that the resource has the verb and lives where the path says.
    pub(crate) fn new(
        kind: &'static Kind,
        resource: ResourceInfo,
        verb: String,
        query: Query,
        authorized: Authorized,
        parts: Parts,
    ) -> Result<Self> {
        let verbs = match resource.subresource.as_str() {
            "" => kind.verbs,
            name => kind.subresource(name).ok_or_else(ApiError::no_such_resource)?.verbs,
        };
        let in_namespace = !resource.namespace.is_empty() && kind.plural != "namespaces";
        let everywhere = kind.namespaced && !in_namespace;
        if in_namespace && !kind.namespaced || everywhere && resource.named {
            return Err(ApiError::no_such_resource());
        }
        // What the path and the method come to, of which upstream has a route or not.
        let routed = match verb.as_str() {
            "create" => resource.named != resource.subresource.is_empty() && !everywhere,
            "deletecollection" => !everywhere,
            "get" | "update" | "patch" | "delete" => resource.named,
            _ => true,
        };
        let is_proxy = resource.subresource == "proxy";
        let is_head = parts.method == http::Method::HEAD && !is_proxy;
        // A proxy hands on what is no verb of the API, too.
        let has_verb = verbs.iter().any(|v| v.as_str() == verb)
            || is_proxy && parts.method == http::Method::OPTIONS;
        if !routed || is_head || !has_verb {
            return Err(not_routed());
        }
        let accept = Accept::of(&parts.headers).with_query(query.get("pretty"));
        Ok(Self {
            kind,
            resource,
            verb,
            query,
            authorized,
            accept,
            body: Bytes::new(),
            warnings: Mutex::default(),
            parts,
        })
    }

    /// The group, version and kind of the objects on the wire.
    pub(crate) fn gvk(&self) -> Gvk {
        self.kind.gvk(&self.resource.version)
    }

    /// What the request is about.
    pub(crate) fn target(&self) -> Target<'_> {
        let namespace = if self.kind.namespaced { self.resource.namespace.as_str() } else { "" };
        let name = if self.resource.named { self.resource.name.as_str() } else { "" };
        Target { kind: self.kind, subresource: &self.resource.subresource, namespace, name }
    }

    /// The call to the registry. `tracked`: the registry tracks the fields that it sets; else the
    /// change does so itself, or it sets none.
    pub(crate) fn call(&self, tracked: bool) -> Result<Call<'_>> {
        let now = object::time::print(runtime::clock::now());
        let manager = tracked.then(|| self.manager());
        Ok(Call {
            gvk: self.gvk(),
            user: self.authorized.user(),
            authorized: &self.authorized,
            options: write_options::object(&self.query),
            dry_run: write_options::is_dry_run(&self.query),
            uid_is_precondition: self.verb != "patch",
            manager,
            now,
            warnings: Mutex::new(Vec::new()),
        })
    }

    /// Who owns the fields that this request sets: `fieldManager`, or the user agent's first word.
    pub(crate) fn manager(&self) -> String {
        if let Some(name) = self.query.get("fieldManager") {
            return name.to_owned();
        }
        let agent = self.parts.headers.get(USER_AGENT).and_then(|agent| agent.to_str().ok());
        manager_of_user_agent(agent.unwrap_or_default())
    }

    /// What to do about fields that the schema does not know.
    pub(crate) fn field_validation(&self) -> FieldValidation {
        FieldValidation::of(&self.query)
    }

    /// 406 where the client takes none of the media types of the API, whatever their form.
    pub(crate) fn check_accept(&self) -> Result<()> {
        match self.resource.subresource.as_str() {
            "log" => self.accept.refuse_text(),
            _ => self.accept.refuse_unknown(),
        }
    }

    /// Refuses options that make no sense.
    pub(crate) fn check_options(&self) -> Result<()> {
        if matches!(self.verb.as_str(), "list" | "watch") {
            return self.query.integer("timeoutSeconds").map(drop);
        }
        write_options::check(&self.verb, &self.query, &self.parts.headers)
    }

    /// Warns the client of this, once, however often it is said.
    pub(crate) fn warn(&self, sentences: impl IntoIterator<Item = String>) {
        let mut known = self.warnings.lock().unwrap_or_else(PoisonError::into_inner);
        for sentence in sentences {
            if !known.contains(&sentence) {
                known.push(sentence);
            }
        }
    }

    /// Warns the client of what a call was warned of.
    pub(crate) fn keep_warnings(&self, call: &Call<'_>) {
        let theirs = call.warnings.lock().unwrap_or_else(PoisonError::into_inner);
        self.warn(theirs.iter().cloned());
    }

    /// What the client is warned of.
    pub(crate) fn warnings(&self) -> Vec<String> {
        self.warnings.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// 405 of a path that is there, but not for this method.
fn not_routed() -> ApiError {
    let why = "the server does not allow this method on the requested resource";
    let mut error = ApiError::new(405, object::Reason::MethodNotAllowed, why);
    error.details = Some(Box::default());
    error
}
