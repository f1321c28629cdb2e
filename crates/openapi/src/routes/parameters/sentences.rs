//! What parameters are for, in our own words.

/// The sentence of a parameter that is a field of options.
pub(super) fn sentence(options: &str, name: &str) -> Option<&'static str> {
    ALL.iter()
        .find(|(of, at, _)| *at == name && (of.is_empty() || *of == options))
        .map(|(.., text)| *text)
}

/// By options, empty for any, and name.
const ALL: &[(&str, &str, &str)] = &[
    (
        "",
        "allowWatchBookmarks",
        "Asks a watch for events of type BOOKMARK, which carry nothing but a resource version, \
         so that a client that starts again later has less to catch up with. The server sends \
         them when it likes, or never. Only for watches.",
    ),
    (
        "",
        "continue",
        "The token that an earlier, limited answer of the same list carried; the rest of the \
         query has to be the same. When the token is too old the server answers 410 \
         ResourceExpired, with a token that goes on from the next key in the state of now. Not \
         for watches.",
    ),
    ("", "dryRun", "'All': everything is done but the storing. Any other value is refused."),
    (
        "PatchOptions",
        "fieldManager",
        "The name under which the changed fields are owned, at most 128 printable characters. \
         Apply patches have to say it.",
    ),
    (
        "",
        "fieldManager",
        "The name under which the changed fields are owned, at most 128 printable characters; \
         without it, what stands before the slash of the User-Agent.",
    ),
    (
        "",
        "fieldSelector",
        "Only objects whose fields are like this, such as 'spec.nodeName=n1'; without it, all.",
    ),
    (
        "",
        "fieldValidation",
        "What happens to fields that are unknown or given twice. 'Ignore': they are dropped; \
         'Warn', the default: they are dropped, and the answer has a warning for each; \
         'Strict': the request is refused with a list of them.",
    ),
    ("", "force", "Lets an apply patch take over fields that others own. Only for apply patches."),
    (
        "",
        "labelSelector",
        "Only objects whose labels are like this, such as 'app=web,tier!=cache'; without it, \
         all.",
    ),
    (
        "",
        "limit",
        "The greatest number of objects in one answer. Where there are more, the answer carries \
         a token for the next request's 'continue', and the pages together show one state of \
         the list. Not for watches.",
    ),
    (
        "",
        "resourceVersion",
        "From which version on a list or watch is answered: absent, the newest; '0', any that \
         the server has at hand; otherwise as 'resourceVersionMatch' says.",
    ),
    (
        "",
        "resourceVersionMatch",
        "'Exact': the list as it was at 'resourceVersion'; 'NotOlderThan': that or a later one. \
         Needs 'resourceVersion'.",
    ),
    (
        "",
        "sendInitialEvents",
        "Starts a watch with an event for every object that there is, then a bookmark annotated \
         'k8s.io/initial-events-end'. Needs 'resourceVersionMatch=NotOlderThan'.",
    ),
    (
        "",
        "shardSelector",
        "Only objects whose hash lies in one of these ranges: shardRange(object.metadata.uid, \
         '0x0', '0x8000000000000000'), several of them joined by ||. Behind the gate \
         ShardedListAndWatch.",
    ),
    ("", "timeoutSeconds", "After so many seconds the server ends the list or watch."),
    (
        "",
        "watch",
        "Instead of a list: a stream of what is added, modified and deleted from \
         'resourceVersion' on.",
    ),
    (
        "PodAttachOptions",
        "container",
        "The container to attach to; the only one, where the pod has but one.",
    ),
    (
        "PodExecOptions",
        "container",
        "The container to run the command in; the only one, where the pod has but one.",
    ),
    (
        "PodLogOptions",
        "container",
        "The container whose log is meant; the only one, where the pod has but one.",
    ),
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
    (
        "",
        "insecureSkipTLSVerifyBackend",
        "Takes the log from a kubelet whose certificate can't be verified. Somebody between the \
         two could then have written it.",
    ),
    ("", "limitBytes", "Ends the log after about so many bytes."),
    ("", "previous", "The log of the container's run before this one."),
    (
        "",
        "sinceSeconds",
        "Only what was logged in the last so many seconds. Not together with 'sinceTime'.",
    ),
    (
        "",
        "stream",
        "'Stdout' or 'Stderr': only that stream; 'All', the default: both, mixed. With \
         'tailLines' only 'All'.",
    ),
    ("", "tailLines", "Only the last so many lines."),
    ("", "timestamps", "Puts the time before each line."),
    ("", "ports", "The ports to forward; needed over WebSockets."),
    ("NodeProxyOptions", "path", "The path to ask of the node's kubelet."),
    ("PodProxyOptions", "path", "The path to ask of the pod."),
    ("ServiceProxyOptions", "path", "The path to ask of the service, with its query."),
];
