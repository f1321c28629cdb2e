//! `Accept`: its clauses, their order, and what each asks for.

use super::Format;
use crate::limits;
use object::{ApiError, GroupVersion};

/// What an endpoint can answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offer {
    /// The formats of the object as it is: all, or no protobuf for custom resources.
    pub formats: &'static [Format],
    /// Whether objects and lists can be turned into `PartialObjectMetadata`.
    pub converts: bool,
    /// Whether they can be turned into `Table`.
    pub tables: bool,
}

impl Offer {
    /// Built-in kinds.
    pub const BUILTIN: Self = Self { formats: &Format::ALL, converts: true, tables: true };
    /// Custom resources.
    pub const CUSTOM: Self =
        Self { formats: &[Format::Json, Format::Yaml], converts: true, tables: true };
    /// Discovery, Status, and whatever else has one form only.
    pub const PLAIN: Self = Self { formats: &Format::ALL, converts: false, tables: false };
    /// What is a text in truth: upstream forgets that it can't be turned into metadata.
    pub const TEXT: Self = Self { formats: &Format::ALL, converts: true, tables: false };
}

/// `as=Table;v=v1;g=meta.k8s.io`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Convert {
    /// `g`.
    pub group: String,
    /// `v`.
    pub version: String,
    /// `as`.
    pub kind: String,
}

impl Convert {
    /// Its group and version.
    pub fn group_version(&self) -> GroupVersion {
        GroupVersion::new(self.group.clone(), self.version.clone())
    }
}

/// What a client gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chosen {
    /// The format.
    pub format: Format,
    /// What the object is turned into before.
    pub convert: Option<Convert>,
    /// `pretty=1` as a parameter of the media type.
    pub pretty: bool,
    /// `profile=`, of discovery.
    pub profile: String,
}

/// Chooses the form of an answer. An empty header takes JSON.
///
/// # Errors
/// 406 in upstream's words.
pub fn accept(header: &str, offer: Offer) -> Result<Chosen, ApiError> {
    choose(header, offer)
        .ok_or_else(|| ApiError::not_acceptable(&Format::ALL.map(Format::media_type).join(", ")))
}

/// Chooses the form of a watch.
///
/// # Errors
/// 406 in upstream's words.
pub fn accept_stream(header: &str, offer: Offer) -> Result<Chosen, ApiError> {
    choose(header, offer).filter(|chosen| chosen.format != Format::Yaml).ok_or_else(|| {
        let streams = [Format::Json, Format::Proto].map(Format::media_type);
        ApiError::not_acceptable(&streams.map(|name| format!("{name};stream=watch")).join(", "))
    })
}

fn choose(header: &str, offer: Offer) -> Option<Chosen> {
    if header.is_empty() {
        return Some(Chosen {
            format: Format::Json,
            convert: None,
            pretty: false,
            profile: String::new(),
        });
    }
    clauses(header).iter().find_map(|clause| {
        Format::ALL
            .into_iter()
            .filter(|format| clause.matches(*format))
            .find_map(|format| clause.allowed(format, offer))
    })
}

/// One of the alternatives that a header names.
#[derive(Debug)]
struct Clause<'a> {
    kind: &'a str,
    subtype: &'a str,
    quality: f64,
    parameters: Vec<(&'a str, &'a str)>,
}

impl<'a> Clause<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.split(';');
        let name = parts.next().unwrap_or_default();
        let mut names = name.splitn(3, '/');
        let kind = names.next().unwrap_or_default().trim_matches(' ');
        let subtype = match (names.next(), names.next()) {
            (None | Some(""), None) if kind == "*" => "*",
            (None | Some(""), _) | (_, Some(_)) => return None,
            (Some(subtype), None) => subtype.trim_matches(' '),
        };
        let mut clause = Self { kind, subtype, quality: 1.0, parameters: Vec::new() };
        for part in parts {
            let Some((key, value)) = part.split_once('=') else { continue };
            if value.is_empty() || value.contains('=') {
                continue;
            }
            match key.trim_matches(' ') {
                "q" => clause.quality = value.parse().unwrap_or(0.0),
                key => clause.parameters.push((key, value.trim_matches(' '))),
            }
        }
        Some(clause)
    }

    fn goes_before(&self, other: &Self) -> bool {
        self.quality > other.quality
            || self.kind != "*" && other.kind == "*"
            || self.subtype != "*" && other.subtype == "*"
    }

    fn matches(&self, format: Format) -> bool {
        let subtype = format.media_type().strip_prefix("application/").unwrap_or_default();
        match (self.kind, self.subtype) {
            ("*", "*") | ("application", "*") => true,
            (kind, named) => kind == "application" && named == subtype,
        }
    }

    /// What the clause asks for, where the endpoint can do it.
    fn allowed(&self, format: Format, offer: Offer) -> Option<Chosen> {
        let mut chosen = Chosen { format, convert: None, pretty: false, profile: String::new() };
        for (key, value) in &self.parameters {
            let value = *value;
            match *key {
                "as" => chosen.convert.get_or_insert_default().kind = value.to_owned(),
                "g" => chosen.convert.get_or_insert_default().group = value.to_owned(),
                "v" => chosen.convert.get_or_insert_default().version = value.to_owned(),
                "stream" if value != "watch" || format == Format::Yaml => return None,
                "sv" if value != "v1" => return None,
                "pretty" => chosen.pretty = value == "1",
                "profile" => chosen.profile = value.to_owned(),
                _ => {}
            }
        }
        let Some(convert) = &chosen.convert else {
            return offer.formats.contains(&format).then_some(chosen);
        };
        let known = convert.group == "meta.k8s.io"
            && matches!(convert.version.as_str(), "v1" | "v1beta1")
            && match convert.kind.as_str() {
                "Table" => offer.tables && format != Format::Proto,
                "PartialObjectMetadata" | "PartialObjectMetadataList" => true,
                _ => false,
            };
        (known && offer.converts).then_some(chosen)
    }
}

/// The clauses in upstream's order. Its comparison is no order in the strict sense, so that its way
/// of sorting short lists belongs to the result.
fn clauses(header: &str) -> Vec<Clause<'_>> {
    let parts = header.split(',').take(limits::ACCEPT_CLAUSES);
    let mut clauses: Vec<Clause<'_>> =
        parts.filter_map(|part| Clause::parse(part.trim_matches(' '))).collect();
    for end in 1..clauses.len() {
        let mut at = end;
        while at > 0 && clauses[at].goes_before(&clauses[at - 1]) {
            clauses.swap(at, at - 1);
            at -= 1;
        }
    }
    clauses
}
