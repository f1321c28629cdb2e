//! The parameters of operations: those in paths, and the fields of the options that queries
//! spell out.
//!
//! Names and types come from the schema of the options. Their sentences are our own, except
//! those of `DeleteOptions`, which is a body too and has them among the descriptions.

use crate::definitions;
use crate::descriptions::Descriptions;
use crate::node::Text;
use schema::{Scalar, Shape};

/// Where a parameter stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Place {
    /// In the path.
    Path,
    /// In the query.
    Query,
}

/// A parameter.
#[derive(Clone, Debug)]
pub(crate) struct Parameter {
    /// Its name.
    pub(crate) name: &'static str,
    /// Where it stands.
    pub(crate) place: Place,
    /// Its type, such as `boolean`.
    pub(crate) kind: &'static str,
    /// The type of options that it is a field of, for its sentence.
    options: &'static str,
    /// Its sentence, where that is said here.
    description: Option<Text>,
}

const META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1";

impl Parameter {
    /// What documents sort by.
    pub(super) fn key(&self) -> (&'static str, Place) {
        (self.name, self.place)
    }

    /// Whether it is the same in name and place.
    pub(super) fn same(&self, other: &Self) -> bool {
        self.key() == other.key()
    }

    /// What it is for.
    pub(crate) fn description(&self, texts: &Descriptions) -> Option<Text> {
        self.description.clone().or_else(|| {
            texts
                .of_field(&format!("{META}.{}", self.options), self.name)
                .or_else(|| sentence(self.options, self.name).map(Text::Borrowed))
        })
    }
}

/// The name of an object, in the path.
pub(super) fn name(kind: &str) -> Parameter {
    in_path("name", format!("name of the {kind}").into())
}

/// The namespace, in the path.
pub(super) fn namespace() -> Parameter {
    in_path("namespace", "the namespace in which the objects live".into())
}

/// What follows the resource in the path of a proxy.
pub(super) fn rest_of_path() -> Parameter {
    in_path("path", "path to the resource".into())
}

/// Whether JSON is to be indented.
pub(super) fn pretty() -> Parameter {
    Parameter {
        name: "pretty",
        place: Place::Query,
        kind: "string",
        options: "",
        description: Some(
            "'true': the answer is indented for people to read; browsers, curl and wget get it \
             so without asking."
                .into(),
        ),
    }
}

fn in_path(name: &'static str, description: Text) -> Parameter {
    Parameter {
        name,
        place: Place::Path,
        kind: "string",
        options: "",
        description: Some(description),
    }
}

/// The fields of options as a query has them: those of single values and of lists of such.
pub(super) fn options(type_name: &'static str) -> Vec<Parameter> {
    let schema = schema::builtin();
    let Some(id) = [META, "io.k8s.api.core.v1"]
        .iter()
        .find_map(|package| schema.named(&format!("{package}.{type_name}")))
    else {
        return Vec::new();
    };
    let fields = definitions::fields(schema, id);
    let fields = fields.iter().filter(|field| !matches!(field.name, "kind" | "apiVersion"));
    fields
        .filter_map(|field| {
            Some(Parameter {
                name: field.name,
                place: Place::Query,
                kind: kind(&field.shape)?,
                options: type_name,
                description: None,
            })
        })
        .collect()
}

fn kind(shape: &Shape) -> Option<&'static str> {
    match shape {
        Shape::List(item) => kind(item),
        Shape::Scalar(Scalar::Bool) => Some("boolean"),
        Shape::Scalar(Scalar::Int32 | Scalar::Int64) => Some("integer"),
        Shape::Scalar(Scalar::String) => Some("string"),
        _ => None,
    }
}

fn sentence(options: &str, name: &str) -> Option<&'static str> {
    SENTENCES
        .iter()
        .find(|(of, at, _)| *at == name && (of.is_empty() || *of == options))
        .map(|(.., text)| *text)
}

/// By options, empty for any, and name.
#[rustfmt::skip]
const SENTENCES: &[(&str, &str, &str)] = &[
    ("", "allowWatchBookmarks", "Asks a watch for events of type BOOKMARK, which carry nothing but a resource version, so that a client that starts again later has less to catch up with. The server sends them when it likes, or never. Only for watches."),
    ("", "continue", "The token that an earlier, limited answer of the same list carried; the rest of the query has to be the same. When the token is too old the server answers 410 ResourceExpired, with a token that goes on from the next key in the state of now. Not for watches."),
    ("", "dryRun", "'All': everything is done but the storing. Any other value is refused."),
    ("PatchOptions", "fieldManager", "The name under which the changed fields are owned, at most 128 printable characters. Apply patches have to say it."),
    ("", "fieldManager", "The name under which the changed fields are owned, at most 128 printable characters; without it, what stands before the slash of the User-Agent."),
    ("", "fieldSelector", "Only objects whose fields are like this, such as 'spec.nodeName=n1'; without it, all."),
    ("", "fieldValidation", "What happens to fields that are unknown or given twice. 'Ignore': they are dropped; 'Warn', the default: they are dropped, and the answer has a warning for each; 'Strict': the request is refused with a list of them."),
    ("", "force", "Lets an apply patch take over fields that others own. Only for apply patches."),
    ("", "labelSelector", "Only objects whose labels are like this, such as 'app=web,tier!=cache'; without it, all."),
    ("", "limit", "The greatest number of objects in one answer. Where there are more, the answer carries a token for the next request's 'continue', and the pages together show one state of the list. Not for watches."),
    ("", "resourceVersion", "From which version on a list or watch is answered: absent, the newest; '0', any that the server has at hand; otherwise as 'resourceVersionMatch' says."),
    ("", "resourceVersionMatch", "'Exact': the list as it was at 'resourceVersion'; 'NotOlderThan': that or a later one. Needs 'resourceVersion'."),
    ("", "sendInitialEvents", "Starts a watch with an event for every object that there is, then a bookmark annotated 'k8s.io/initial-events-end'. Needs 'resourceVersionMatch=NotOlderThan'."),
    ("", "shardSelector", "Only objects whose hash lies in one of these ranges: shardRange(object.metadata.uid, '0x0', '0x8000000000000000'), several of them joined by ||. Behind the gate ShardedListAndWatch."),
    ("", "timeoutSeconds", "After so many seconds the server ends the list or watch."),
    ("", "watch", "Instead of a list: a stream of what is added, modified and deleted from 'resourceVersion' on."),
    ("PodAttachOptions", "container", "The container to attach to; the only one, where the pod has but one."),
    ("PodExecOptions", "container", "The container to run the command in; the only one, where the pod has but one."),
    ("PodLogOptions", "container", "The container whose log is meant; the only one, where the pod has but one."),
    ("", "command", "The command and its arguments, one parameter each; no shell reads them."),
    ("PodAttachOptions", "stdin", "Sends the client's input to the container."),
    ("PodExecOptions", "stdin", "Sends the client's input to the command."),
    ("PodAttachOptions", "stdout", "Sends the container's output to the client; so by default."),
    ("PodExecOptions", "stdout", "Sends the command's output to the client."),
    ("PodAttachOptions", "stderr", "Sends the container's errors to the client; so by default."),
    ("PodExecOptions", "stderr", "Sends the command's errors to the client."),
    ("PodAttachOptions", "tty", "Gives the attached stream a terminal on the node."),
    ("PodExecOptions", "tty", "Gives the command a terminal on the node."),
    ("", "follow", "Goes on sending what is written to the log."),
    ("", "insecureSkipTLSVerifyBackend", "Takes the log from a kubelet whose certificate can't be verified. Somebody between the two could then have written it."),
    ("", "limitBytes", "Ends the log after about so many bytes."),
    ("", "previous", "The log of the container's run before this one."),
    ("", "sinceSeconds", "Only what was logged in the last so many seconds. Not together with 'sinceTime'."),
    ("", "stream", "'Stdout' or 'Stderr': only that stream; 'All', the default: both, mixed. With 'tailLines' only 'All'."),
    ("", "tailLines", "Only the last so many lines."),
    ("", "timestamps", "Puts the time before each line."),
    ("", "ports", "The ports to forward; needed over WebSockets."),
    ("NodeProxyOptions", "path", "The path to ask of the node's kubelet."),
    ("PodProxyOptions", "path", "The path to ask of the pod."),
    ("ServiceProxyOptions", "path", "The path to ask of the service, with its query."),
];
