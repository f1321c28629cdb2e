//! In which media type and form a client wants its answer.

use codec::negotiate::{self, Chosen, Convert, Offer};
use http::HeaderMap;
use http::header::{ACCEPT, USER_AGENT};
use object::{ApiError, Reason, Result};

/// A wire format.
pub(crate) use codec::negotiate::Format as Media;

/// What an object is turned into before it is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// Nothing: the object as it is.
    Whole,
    /// A Table, of this version of `meta.k8s.io`.
    Table(&'static str),
    /// Its metadata alone; the `apiVersion` to say.
    Partial(&'static str),
    /// The same of a list.
    PartialList(&'static str),
}

/// What a client accepts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Accept {
    header: String,
    /// Whether JSON is indented for a person.
    pub pretty: bool,
}

impl Accept {
    /// What these headers say.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let text = |name| headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default();
        Self {
            header: text(ACCEPT).to_owned(),
            pretty: negotiate::is_pretty(None, text(USER_AGENT)),
        }
    }

    /// With `?pretty=` of the query above what the headers say.
    pub(crate) fn with_query(mut self, pretty: Option<&str>) -> Self {
        if pretty.is_some() {
            self.pretty = negotiate::is_pretty(pretty, "");
        }
        self
    }

    /// 406 where the client takes none of the media types of the API, whatever their form.
    pub(crate) fn refuse_unknown(&self) -> Result<()> {
        self.refuse_unless(&Media::ALL.map(Media::media_type))
    }

    /// 406 where the client could not be told what keeps it from a text, and also where it wants a
    /// text alone: then upstream has no form for the object that the text would be.
    pub(crate) fn refuse_text(&self) -> Result<()> {
        let objects = Media::ALL.map(Media::media_type);
        self.refuse_unless(&[&["text/plain"], &objects[..]].concat())?;
        self.choose_text().map(drop)
    }

    fn refuse_unless(&self, known: &[&str]) -> Result<()> {
        let is_known = self.header.split(',').any(|one| {
            let media = one.split(';').next().unwrap_or_default().trim();
            media == "*/*" || known.contains(&media)
        });
        if self.header.is_empty() || is_known {
            return Ok(());
        }
        let known = known.join(", ");
        let why = format!("406: Not Acceptable\n\nAvailable representations: {known}");
        let mut error = ApiError::new(406, Reason::NotAcceptable, why);
        error.details = Some(Box::default());
        Err(error)
    }

    /// The form of an answer; 406 if there is none that both sides know.
    pub(crate) fn choose(&self) -> Result<(Media, Form)> {
        form(negotiate::accept(&self.header, Offer::BUILTIN)?)
    }

    /// 406 if a Table is asked for, which not everything has.
    pub(crate) fn refuse_table(&self) -> Result<()> {
        match self.choose()? {
            (_, Form::Table(_)) => Err(unknown()),
            _ => Ok(()),
        }
    }

    /// The form that a client wants of what is a text in truth, and can't have but whole.
    pub(crate) fn choose_text(&self) -> Result<Form> {
        form(negotiate::accept(&self.header, Offer::TEXT)?).map(|(_, form)| form)
    }

    /// The form of a watch.
    pub(crate) fn choose_stream(&self) -> Result<(Media, Form)> {
        form(negotiate::accept_stream(&self.header, Offer::BUILTIN)?)
    }

    /// The format of something that has one form only.
    pub(crate) fn choose_plain(&self) -> Result<Media> {
        Ok(negotiate::accept(&self.header, Offer::PLAIN)?.format)
    }
}

fn form(chosen: Chosen) -> Result<(Media, Form)> {
    let form = match &chosen.convert {
        None => Form::Whole,
        Some(Convert { group, version, kind }) if group == "meta.k8s.io" => {
            match (kind.as_str(), version.as_str()) {
                ("Table", "v1") => Form::Table("v1"),
                ("Table", "v1beta1") => Form::Table("v1beta1"),
                ("PartialObjectMetadata", "v1") => Form::Partial("meta.k8s.io/v1"),
                ("PartialObjectMetadata", "v1beta1") => Form::Partial("meta.k8s.io/v1beta1"),
                ("PartialObjectMetadataList", "v1") => Form::PartialList("meta.k8s.io/v1"),
                ("PartialObjectMetadataList", "v1beta1") => {
                    Form::PartialList("meta.k8s.io/v1beta1")
                }
                _ => return Err(unknown()),
            }
        }
        Some(_) => return Err(unknown()),
    };
    Ok((chosen.format, form))
}

fn unknown() -> ApiError {
    ApiError::not_acceptable(&Media::ALL.map(Media::media_type).join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_refused_to_who_wants_a_table_or_nothing_else() {
        let unknown = "406: Not Acceptable\n\nAvailable representations: text/plain, \
                       application/json, application/yaml, application/vnd.kubernetes.protobuf";
        let formless = "only the following media types are accepted: application/json, \
                        application/yaml, application/vnd.kubernetes.protobuf";
        // Recorded from upstream v1.36.3.
        for (header, expected) in [
            ("", ""),
            ("*/*", ""),
            ("application/json, */*", ""),
            ("application/vnd.kubernetes.protobuf", ""),
            ("text/plain, */*", ""),
            ("application/json;as=Table;v=v1;g=meta.k8s.io, application/json", ""),
            ("application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io", ""),
            ("application/json;as=Table;v=v1;g=meta.k8s.io", formless),
            ("application/json;as=Table", formless),
            ("application/json;as=Other;v=v1;g=meta.k8s.io", formless),
            ("text/plain", formless),
            ("image/png, text/plain", formless),
            ("text/html", unknown),
            ("application/*", unknown),
        ] {
            let accept = Accept { header: header.to_owned(), pretty: false };
            let refused = accept.refuse_text().err().map(|error| (error.code, error.message));
            let expected = Some((406, expected.to_owned())).filter(|(_, why)| !why.is_empty());
            assert_eq!(refused, expected, "{header}");
        }
    }
}
