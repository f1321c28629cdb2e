//! The options of reads: freshness, pages, selectors, as upstream reads them.

use crate::ask::Ask;
use crate::continue_token;
use crate::query::Query;
use cache::{At, Start};
use object::field_selector::escape;
use object::{ApiError, FieldErrors, FieldSelector, GroupKind, Reason, Result, Selector};
use store::Revision;

/// Which part of a list is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Page {
    /// How fresh, or as of which revision.
    pub at: At,
    /// At most so many; 0: all.
    pub limit: usize,
    /// The key of the last item of the page before.
    pub after: Option<String>,
}

/// How fresh a GET must be.
pub(crate) fn freshness(query: &Query) -> Result<At> {
    Ok(match revision(query)? {
        None => At::Newest,
        Some(0) => At::Any,
        Some(revision) => At::NotOlderThan(revision),
    })
}

/// Which part of a list is asked for, and as of when.
pub(crate) fn page(ask: &Ask) -> Result<Page> {
    let query = &ask.query;
    list_options(query)?;
    let limit = usize::try_from(query.integer("limit")?.unwrap_or(0)).unwrap_or(0);
    let given = revision(query).map_err(|error| {
        ApiError::bad_request(format!("invalid resource version: {}", error.message))
    })?;
    if let Some(token) = query.get("continue") {
        let (rv, after) = continue_token::read(token, ask.target().namespace)?;
        if given.is_some_and(|given| given != 0) {
            return Err(ApiError::bad_request(
                "specifying resource version is not allowed when using continue",
            ));
        }
        let at = if rv > 0 { At::Exact(rv) } else { At::Newest };
        return Ok(Page { at, limit, after: Some(after) });
    }
    let at = match (given, query.get("resourceVersionMatch")) {
        (None, _) => At::Newest,
        // What the cache holds is given whole, whatever the limit.
        (Some(0), _) => return Ok(Page { at: At::Any, limit: 0, after: None }),
        (Some(revision), Some("Exact")) => At::Exact(revision),
        (Some(revision), None) if limit > 0 => At::Exact(revision),
        (Some(revision), _) => At::NotOlderThan(revision),
    };
    Ok(Page { at, limit, after: None })
}

/// What a list may not be asked with: `ValidateListOptions` of
/// `k8s.io/apimachinery/pkg/apis/meta/internalversion/validation`.
fn list_options(query: &Query) -> Result<()> {
    let mut errors = FieldErrors::new();
    if let Some(matching) = query.get("resourceVersionMatch") {
        let path = "resourceVersionMatch";
        if query.get("resourceVersion").is_none() {
            let why = "resourceVersionMatch is forbidden unless resourceVersion is provided";
            errors.forbidden(path, why);
        }
        if query.get("continue").is_some() {
            errors.forbidden(path, "resourceVersionMatch is forbidden when continue is provided");
        }
        if !matches!(matching, "Exact" | "NotOlderThan") {
            errors.not_supported_in_order(path, matching, &["Exact", "NotOlderThan", ""]);
        }
        if matching == "Exact" && query.get("resourceVersion") == Some("0") {
            let why = "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"";
            errors.forbidden(path, why);
        }
    }
    if query.get("sendInitialEvents").is_some() {
        errors.forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list");
    }
    if errors.is_empty() { Ok(()) } else { Err(invalid_options(errors)) }
}

/// Where a watch begins.
pub(crate) fn start(query: &Query) -> Result<Start> {
    let initial = query.get("sendInitialEvents").map(|_| query.flag("sendInitialEvents"));
    watch_options(query, initial)?;
    let given = revision(query)?;
    let bookmark = initial == Some(true) && query.flag("allowWatchBookmarks");
    let fresh = match given {
        None => At::Newest,
        Some(0) => At::Any,
        Some(revision) => At::NotOlderThan(revision),
    };
    Ok(match (initial, given) {
        (Some(true), _) | (None, None | Some(0)) => Start::Initial { at: fresh, bookmark },
        (Some(false) | None, Some(revision)) if revision > 0 => Start::After(revision),
        _ => Start::Now { at: fresh },
    })
}

/// What a watch may not be asked with, from the same place as [`list_options`].
fn watch_options(query: &Query, initial: Option<bool>) -> Result<()> {
    let path = "resourceVersionMatch";
    let mut errors = FieldErrors::new();
    let matching = query.get(path);
    let not_older = "NotOlderThan";
    if initial.is_some() && matching != Some(not_older) {
        let why = "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan";
        errors.forbidden(path, why);
    }
    if let Some(matching) = matching {
        if initial.is_none() {
            let why =
                "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided";
            errors.forbidden(path, why);
        }
        if matching != not_older {
            errors.not_supported_in_order(path, matching, &[not_older]);
        }
    }
    if query.get("continue").is_some() {
        errors.forbidden(path, "resourceVersionMatch is forbidden when continue is provided");
    }
    if errors.is_empty() { Ok(()) } else { Err(invalid_options(errors)) }
}

/// What a list, a watch or a deletion of a collection selects.
pub(crate) fn selection(ask: &Ask) -> Result<cache::Query> {
    let labels = match ask.query.get("labelSelector") {
        None => Selector::everything(),
        Some(text) => {
            Selector::parse(text).map_err(|error| ApiError::bad_request(error.to_string()))?
        }
    };
    let mut terms = ask.query.get("fieldSelector").unwrap_or_default().to_owned();
    if ask.resource.named {
        // A watch by the old prefix names its one object in the path.
        terms.push_str(&format!(",metadata.name={}", escape(&ask.resource.name)));
    }
    let fields =
        FieldSelector::parse(&terms).map_err(|error| ApiError::bad_request(error.to_string()))?;
    let mut paths = Vec::new();
    for term in fields.terms() {
        let label = term.field.as_str();
        let path = ask.kind.field_path(label).ok_or_else(|| {
            // Kinds with labels of their own have their own words.
            ApiError::bad_request(match ask.kind.selectable_fields {
                [] => format!(
                    "{label:?} is not a known field selector: only \"metadata.name\", \
                     \"metadata.namespace\""
                ),
                _ => format!("field label not supported: {label}"),
            })
        })?;
        let sign = if term.equal { "=" } else { "!=" };
        paths.push(format!("{path}{sign}{}", escape(&term.value)));
    }
    // Labels that clients use may stand for other paths in the stored form.
    let fields = FieldSelector::parse(&paths.join(",")).map_err(ApiError::internal)?;
    let namespace = ask.target().namespace;
    let namespace = (!namespace.is_empty()).then(|| namespace.to_owned());
    Ok(cache::Query { namespace, labels, fields })
}

fn revision(query: &Query) -> Result<Option<Revision>> {
    let Some(text) = query.get("resourceVersion") else { return Ok(None) };
    match text.parse::<u64>().ok().and_then(|number| i64::try_from(number).ok()) {
        Some(number) => Ok(Some(number)),
        // Upstream lets this one through to where nobody expects it any more.
        None => Err(ApiError::new(
            500,
            Reason::Unknown,
            format!(
                "resourceVersion: Invalid value: {text:?}: strconv.ParseUint: parsing {text:?}: \
                 invalid syntax"
            ),
        )),
    }
}

fn invalid_options(errors: FieldErrors) -> ApiError {
    ApiError::invalid(&GroupKind::new("meta.k8s.io", "ListOptions"), "", errors)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_that_exclude_each_other_are_all_told() {
        let forbidden = |why: &str| format!("resourceVersionMatch: Forbidden: {why}");
        let unless = forbidden(
            "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided",
        );
        let requires =
            forbidden("sendInitialEvents requires setting resourceVersionMatch to NotOlderThan");
        let supported = "supported values: \"NotOlderThan\"";
        let exact = format!("resourceVersionMatch: Unsupported value: \"Exact\": {supported}");
        let paged = forbidden("resourceVersionMatch is forbidden when continue is provided");
        for (query, expected) in [
            ("", vec![]),
            ("sendInitialEvents=true&resourceVersionMatch=NotOlderThan", vec![]),
            ("resourceVersionMatch=NotOlderThan", vec![&unless]),
            ("resourceVersionMatch=Exact", vec![&unless, &exact]),
            ("resourceVersionMatch=Exact&sendInitialEvents=false", vec![&requires, &exact]),
            ("sendInitialEvents=1", vec![&requires]),
            ("continue=a", vec![&paged]),
        ] {
            let told = match start(&Query::parse(query)) {
                Ok(_) => String::new(),
                Err(error) => error.message.to_string(),
            };
            let expected: Vec<&str> = expected.into_iter().map(String::as_str).collect();
            let all = expected.join(", ");
            let ending = if expected.len() > 1 { format!("[{all}]") } else { all };
            assert!(told.ends_with(&ending), "{query}: {told}");
            assert_eq!(told.is_empty(), ending.is_empty(), "{query}: {told}");
        }
    }
}
