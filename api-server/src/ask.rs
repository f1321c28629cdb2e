//! One authorized request to the API, with all that a verb needs to know of it.

use crate::accept::Accept;
use crate::limits::FIELD_MANAGER_BYTES;
use crate::query::Query;
use crate::request_info::ResourceInfo;
use auth::Authorized;
use bytes::Bytes;
use http::HeaderMap;
use http::request::Parts;
use kinds::{Kind, Serves};
use object::{ApiError, FieldErrors, GroupKind, Gvk, Result, Value, json};
use patch::apply::manager_of_user_agent;
use registry::{Call, Target};
use std::sync::Mutex;

const MEDIA_TYPES: &[&str] =
    &["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"];

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
    /// The headers.
    pub headers: HeaderMap,
    /// In which forms the answer may come.
    pub accept: Accept,
    /// The body, whole.
    pub body: Bytes,
    /// Sentences for the client, should the request be refused.
    pub warnings: Mutex<Vec<String>>,
    /// What an upgrade of the connection needs.
    pub parts: Parts,
}

/// What to do about fields that the schema does not know: `fieldValidation`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the variants are the API's words")]
pub(crate) enum FieldValidation {
    Ignore,
    Warn,
    Strict,
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
        let headers = parts.headers.clone();
        let accept = Accept::of(&headers).with_query(query.get("pretty"));
        Ok(Self {
            kind,
            resource,
            verb,
            query,
            authorized,
            headers,
            accept,
            body: Bytes::new(),
            warnings: Mutex::default(),
            parts,
        })
    }

    /// Whether the subresource takes over the connection.
    pub(crate) fn is_connect(&self) -> bool {
        let name = self.resource.subresource.as_str();
        matches!(self.kind.subresource(name).map(|s| s.serves), Some(Serves::Special))
            && matches!(name, "exec" | "attach" | "portforward" | "proxy")
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
        let manager = tracked.then(|| self.manager()).transpose()?;
        Ok(Call {
            gvk: self.gvk(),
            user: self.authorized.user(),
            authorized: &self.authorized,
            options: self.options(),
            dry_run: self.dry_run()?,
            uid_is_precondition: self.verb != "patch",
            manager,
            now,
            warnings: Mutex::new(Vec::new()),
        })
    }

    /// Who owns the fields that this request sets: `fieldManager`, or the user agent's first word.
    pub(crate) fn manager(&self) -> Result<String> {
        if let Some(name) = self.query.get("fieldManager") {
            return Ok(name.to_owned());
        }
        let agent = self.headers.get(http::header::USER_AGENT);
        Ok(manager_of_user_agent(agent.and_then(|a| a.to_str().ok()).unwrap_or_default()))
    }

    /// 406 where the client takes none of the media types of the API, whatever their form.
    pub(crate) fn check_accept(&self) -> Result<()> {
        let header = self.headers.get(http::header::ACCEPT).and_then(|a| a.to_str().ok());
        let header = header.unwrap_or_default();
        let name = self.resource.subresource.as_str();
        if header.is_empty() || self.is_connect() || name == "log" {
            return Ok(());
        }
        let known = header.split(',').any(|one| {
            let media = one.split(';').next().unwrap_or_default().trim();
            media == "*/*" || MEDIA_TYPES.contains(&media)
        });
        if known {
            return Ok(());
        }
        let why =
            format!("406: Not Acceptable\n\nAvailable representations: {}", MEDIA_TYPES.join(", "));
        let mut error = ApiError::new(406, object::Reason::NotAcceptable, why);
        error.details = Some(Box::default());
        Err(error)
    }

    /// Refuses options of a write that make no sense: `ValidateCreateOptions` and its like in
    /// `k8s.io/apimachinery/pkg/apis/meta/v1/validation`.
    pub(crate) fn check_options(&self) -> Result<()> {
        let mut errors = FieldErrors::new();
        let kind = match self.verb.as_str() {
            "create" => "CreateOptions",
            "update" => "UpdateOptions",
            "patch" => "PatchOptions",
            "list" | "watch" => {
                self.query.integer("timeoutSeconds")?;
                return Ok(());
            }
            _ => return Ok(()),
        };
        let manager = self.query.get("fieldManager");
        if kind == "PatchOptions" {
            let media = self.headers.get(http::header::CONTENT_TYPE);
            let media = media.and_then(|m| m.to_str().ok()).unwrap_or_default();
            let is_apply = media.starts_with("application/apply-patch");
            if is_apply && manager.is_none() {
                errors.required("fieldManager", "is required for apply patch");
            }
            if !is_apply && self.query.has("force") {
                errors.forbidden("force", "may not be specified for non-apply patch");
            }
        }
        if let Some(manager) = manager {
            if manager.len() > FIELD_MANAGER_BYTES {
                errors.too_long("fieldManager", FIELD_MANAGER_BYTES);
            }
            for (at, letter) in manager.char_indices().filter(|(_, letter)| letter.is_control()) {
                let why = format!("invalid character U+{:04X} (at position {at})", letter as u32);
                errors.invalid("fieldManager", manager, why);
            }
        }
        let dry: Vec<&str> = self.query.all("dryRun").collect();
        if dry.iter().any(|value| *value != "All") {
            errors.not_supported("dryRun", json!(dry), &["All"]);
        }
        let validation = self.query.get("fieldValidation").unwrap_or_default();
        let allowed = &["", "Ignore", "Strict", "Warn"];
        if !allowed.contains(&validation) {
            errors.not_supported("fieldValidation", validation, allowed);
        }
        if errors.is_empty() {
            return Ok(());
        }
        Err(ApiError::invalid(&GroupKind::new("meta.k8s.io", kind), "", errors))
    }

    /// Keeps what a call was warned of for the refusal that it ends in.
    pub(crate) fn keep_warnings(&self, call: &Call<'_>) {
        if let (Ok(mut own), Ok(theirs)) = (self.warnings.lock(), call.warnings.lock()) {
            own.extend(theirs.iter().cloned());
        }
    }

    /// `dryRun=All`.
    pub(crate) fn dry_run(&self) -> Result<bool> {
        Ok(self.query.all("dryRun").any(|value| value == "All"))
    }

    /// `fieldValidation`, whose default is to warn.
    pub(crate) fn field_validation(&self) -> Result<FieldValidation> {
        match self.query.get("fieldValidation") {
            None | Some("Warn") => Ok(FieldValidation::Warn),
            Some("Ignore") => Ok(FieldValidation::Ignore),
            Some("Strict") => Ok(FieldValidation::Strict),
            Some(other) => Err(ApiError::bad_request(format!(
                "fieldValidation: Unsupported value: {other:?}: supported values: \"Ignore\", \
                 \"Strict\", \"Warn\""
            ))),
        }
    }

    /// The options as an object, for admission.
    fn options(&self) -> Value {
        let mut options = json!({});
        for name in ["fieldManager", "fieldValidation", "dryRun"] {
            if let Some(value) = self.query.get(name) {
                options[name] = value.into();
            }
        }
        options
    }
}

/// 405 of a path that is there, but not for this method.
fn not_routed() -> ApiError {
    let why = "the server does not allow this method on the requested resource";
    let mut error = ApiError::new(405, object::Reason::MethodNotAllowed, why);
    error.details = Some(Box::default());
    error
}
