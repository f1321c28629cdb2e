//! The paths of a kind: the collection, the object, its parts, and the old paths for watching.

use super::fixed::MEDIA_TYPES;
use super::parameters::{self, Parameter};
use super::{Kind, Operation, Paths, names};
use crate::node::Text;
use kinds::groups::GroupPriority;
use kinds::{ServedVersion, Subresource, Verb};
use object::Gvk;

const META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1";
const ANY: &[&str] = &["*/*"];
const STREAMS: &[&str] =
    &["application/json;stream=watch", "application/vnd.kubernetes.protobuf;stream=watch"];
const PATCHES: &[&str] = &[
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
    "application/apply-patch+yaml",
];
const WATCH_INSTEAD: &str = "deprecated: use the 'watch' parameter with a list operation instead";

type Codes = &'static [(&'static str, &'static str)];
const OK: Codes = &[("200", "OK")];
const OK_CREATED: Codes = &[("200", "OK"), ("201", "Created")];
const OK_ACCEPTED: Codes = &[("200", "OK"), ("202", "Accepted")];
const OK_CREATED_ACCEPTED: Codes = &[("200", "OK"), ("201", "Created"), ("202", "Accepted")];

/// The path of a group and version, without a slash at its end.
pub(super) fn base(at: &GroupPriority) -> String {
    match at.group {
        "" => format!("/api/{}", at.version),
        group => format!("/apis/{group}/{}", at.version),
    }
}

/// Adds the paths of every kind of a group and version.
pub(super) fn all(of: &ServedVersion, to: &mut Paths) {
    for kind in &of.kinds {
        Resource { kind, version: of.at.version, base: base(of.at) }.all(to);
    }
}

struct Resource {
    kind: &'static kinds::Kind,
    version: &'static str,
    base: String,
}

/// One operation in the making.
struct Ask<'a> {
    path: &'a str,
    method: &'static str,
    /// `x-kubernetes-action`.
    action: &'static str,
    /// The name of the operation, before group and version come in.
    name: String,
    description: String,
    /// The kind that it is about.
    about: Kind,
    named: bool,
    /// The options in its query.
    options: Vec<Parameter>,
}

impl Resource {
    fn all(&self, to: &mut Paths) {
        let kind = self.kind;
        let namespace = if kind.namespaced { "/namespaces/{namespace}" } else { "" };
        let collection = format!("{}{namespace}/{}", self.base, kind.plural);
        let object = format!("{collection}/{{name}}");
        for verb in kind.verbs {
            self.verb(*verb, &collection, &object, to);
        }
        if kind.namespaced && kind.verbs.contains(&Verb::List) {
            self.list(&format!("{}/{}", self.base, kind.plural), to);
        }
        if kind.verbs.contains(&Verb::Watch) {
            let watch = format!("{}/watch", self.base);
            let collection = format!("{watch}{namespace}/{}", kind.plural);
            self.watch(&format!("{collection}/{{name}}"), to);
            self.watch_list(&collection, to);
            if kind.namespaced {
                self.watch_list(&format!("{watch}/{}", kind.plural), to);
            }
        }
        for part in kind.subresources {
            self.part(part, &format!("{object}/{}", part.name), to);
        }
    }

    fn verb(&self, verb: Verb, collection: &str, object: &str, to: &mut Paths) {
        let kind = self.own();
        match verb {
            Verb::Create => self.create(collection, "", kind, to),
            Verb::Delete => self.delete(object, to),
            Verb::DeleteCollection => self.delete_collection(collection, to),
            Verb::Get => self.read(object, "", kind, to),
            Verb::List => self.list(collection, to),
            Verb::Patch => self.patch(object, "", kind, to),
            Verb::Update => self.replace(object, "", kind, to),
            Verb::Watch => {}
        }
    }

    fn part(&self, part: &Subresource, path: &str, to: &mut Paths) {
        let kind = match part.body {
            Some((group, version, kind)) => Kind { group, version, kind },
            None => self.own(),
        };
        if kind.kind.ends_with("Options") {
            return self.connect(part, path, kind, to);
        }
        for verb in part.verbs {
            match verb {
                Verb::Create => self.create(path, part.name, kind, to),
                Verb::Get => self.read(path, part.name, kind, to),
                Verb::Patch => self.patch(path, part.name, kind, to),
                Verb::Update => self.replace(path, part.name, kind, to),
                Verb::Delete | Verb::DeleteCollection | Verb::List | Verb::Watch => {}
            }
        }
    }

    fn read(&self, path: &str, part: &str, about: Kind, to: &mut Paths) {
        let log = part == "log";
        let options = if log { parameters::options("PodLogOptions") } else { Vec::new() };
        let mut operation = self.operation(Ask {
            path,
            method: "get",
            action: "get",
            name: self.name("read", part),
            description: self.describe("read", part),
            about,
            named: true,
            options,
        });
        if log {
            operation.produces.insert(0, "text/plain");
        } else {
            operation.answer = definition(about);
        }
        add(path, operation, to);
    }

    fn create(&self, path: &str, part: &str, about: Kind, to: &mut Paths) {
        let of = if part.is_empty() { String::new() } else { format!(" {part} of") };
        let operation = self.operation(Ask {
            path,
            method: "post",
            action: "post",
            name: self.name("create", part),
            description: format!("create{of}{}{}", article(self.kind.kind), self.kind.kind),
            about,
            named: !part.is_empty(),
            options: parameters::options("CreateOptions"),
        });
        add(path, self.writes(operation, about, OK_CREATED_ACCEPTED), to);
    }

    fn replace(&self, path: &str, part: &str, about: Kind, to: &mut Paths) {
        let operation = self.operation(Ask {
            path,
            method: "put",
            action: "put",
            name: self.name("replace", part),
            description: self.describe("replace", part),
            about,
            named: true,
            options: parameters::options("UpdateOptions"),
        });
        add(path, self.writes(operation, about, OK_CREATED), to);
    }

    fn patch(&self, path: &str, part: &str, about: Kind, to: &mut Paths) {
        let operation = self.operation(Ask {
            path,
            method: "patch",
            action: "patch",
            name: self.name("patch", part),
            description: self.describe("partially update", part),
            about,
            named: true,
            options: parameters::options("PatchOptions"),
        });
        let mut operation = self.writes(operation, about, OK_CREATED);
        operation.consumes = PATCHES;
        operation.body = Some((format!("{META}.Patch").into(), true));
        add(path, operation, to);
    }

    fn delete(&self, path: &str, to: &mut Paths) {
        let mut operation = self.operation(Ask {
            path,
            method: "delete",
            action: "delete",
            name: self.name("delete", ""),
            description: format!("delete{}{}", article(self.kind.kind), self.kind.kind),
            about: self.own(),
            named: true,
            options: parameters::options("DeleteOptions"),
        });
        operation.body = Some((format!("{META}.DeleteOptions").into(), false));
        // Upstream's documents don't know what a namespace's deletion answers with.
        let is_told = self.kind.subresource("finalize").is_none();
        operation.answer = if self.kind.strategy.returns_deleted() && is_told {
            definition(self.own())
        } else {
            Some(format!("{META}.Status").into())
        };
        operation.codes = OK_ACCEPTED;
        add(path, operation, to);
    }

    fn delete_collection(&self, path: &str, to: &mut Paths) {
        let mut options = parameters::options("DeleteOptions");
        options.extend(
            parameters::options("ListOptions")
                .into_iter()
                .filter(|option| !matches!(option.name, "watch" | "allowWatchBookmarks")),
        );
        let mut operation = self.operation(Ask {
            path,
            method: "delete",
            action: "deletecollection",
            name: self.name("deletecollection", ""),
            description: format!("delete collection of {}", self.kind.kind),
            about: self.own(),
            named: false,
            options,
        });
        operation.body = Some((format!("{META}.DeleteOptions").into(), false));
        operation.answer = Some(format!("{META}.Status").into());
        add(path, operation, to);
    }

    fn list(&self, path: &str, to: &mut Paths) {
        let watch = self.kind.verbs.contains(&Verb::Watch);
        let mut operation = self.operation(Ask {
            path,
            method: "get",
            action: "list",
            name: self.name("list", "") + self.everywhere(path),
            description: format!(
                "list{} objects of kind {}",
                if watch { " or watch" } else { "" },
                self.kind.kind
            ),
            about: self.own(),
            named: false,
            options: parameters::options("ListOptions"),
        });
        operation.produces.extend(STREAMS);
        operation.answer = definition(self.own()).map(|name| format!("{name}List").into());
        add(path, operation, to);
    }

    fn watch(&self, path: &str, to: &mut Paths) {
        self.stream(
            path,
            Ask {
                path,
                method: "get",
                action: "watch",
                name: self.name("watch", ""),
                description: format!(
                    "watch changes to an object of kind {}. {WATCH_INSTEAD}, filtered to a \
                     single item with the 'fieldSelector' parameter.",
                    self.kind.kind
                ),
                about: self.own(),
                named: true,
                options: parameters::options("ListOptions"),
            },
            to,
        );
    }

    fn watch_list(&self, path: &str, to: &mut Paths) {
        self.stream(
            path,
            Ask {
                path,
                method: "get",
                action: "watchlist",
                name: self.name("watch", "") + "List" + self.everywhere(path),
                description: format!(
                    "watch individual changes to a list of {}. {WATCH_INSTEAD}.",
                    self.kind.kind
                ),
                about: self.own(),
                named: false,
                options: parameters::options("ListOptions"),
            },
            to,
        );
    }

    fn stream(&self, path: &str, ask: Ask<'_>, to: &mut Paths) {
        let mut operation = self.operation(ask);
        operation.produces.extend(STREAMS);
        operation.answer = Some(format!("{META}.WatchEvent").into());
        add(path, operation, to);
    }

    /// A part that is a stream of its own: every method that can reach it, and for proxies the
    /// paths below it.
    fn connect(&self, part: &Subresource, path: &str, about: Kind, to: &mut Paths) {
        let options = parameters::options(about.kind);
        let proxy = options.iter().any(|option| option.name == "path");
        let methods: &[&str] = if proxy {
            &["get", "put", "post", "delete", "options", "head", "patch"]
        } else {
            &["get", "post"]
        };
        for method in methods {
            for below in [false, true] {
                if below && !proxy {
                    continue;
                }
                let suffix = if below { "WithPath" } else { "" };
                let path = if below { format!("{path}/{{path}}") } else { path.to_owned() };
                let mut operation = self.operation(Ask {
                    path: &path,
                    method,
                    action: "connect",
                    name: self.name(&format!("connect{}", title(method)), part.name) + suffix,
                    description: format!(
                        "connect {} requests to {} of {}",
                        method.to_ascii_uppercase(),
                        part.name,
                        self.kind.kind
                    ),
                    about,
                    named: true,
                    options: options.clone(),
                });
                operation.produces = ANY.to_vec();
                operation.parameters.retain(|parameter| parameter.name != "pretty");
                if below {
                    operation.parameters.push(parameters::rest_of_path());
                }
                add(&path, operation, to);
            }
        }
    }

    fn writes(&self, mut operation: Operation, about: Kind, codes: Codes) -> Operation {
        operation.answer = definition(about);
        operation.body = operation.answer.clone().map(|name| (name, true));
        operation.codes = codes;
        operation
    }

    fn operation(&self, ask: Ask<'_>) -> Operation {
        let (id, tag) = names::operation(ask.path, &ask.name);
        let mut parameters = ask.options;
        parameters.push(parameters::pretty());
        if ask.named {
            parameters.push(parameters::name(ask.about.kind));
        }
        if ask.path.contains("{namespace}") {
            parameters.push(parameters::namespace());
        }
        Operation {
            method: ask.method,
            id,
            tag,
            description: ask.description.into(),
            action: Some((ask.action, ask.about)),
            consumes: ANY,
            produces: MEDIA_TYPES.to_vec(),
            body: None,
            answer: None,
            codes: OK,
            parameters,
        }
    }

    fn own(&self) -> Kind {
        Kind { group: self.kind.group, version: self.version, kind: self.kind.kind }
    }

    fn name(&self, verb: &str, part: &str) -> String {
        let namespaced = if self.kind.namespaced { "Namespaced" } else { "" };
        format!("{verb}{namespaced}{}{}", self.kind.kind, title(part))
    }

    /// What a list of all namespaces has at the end of its name, the word for one namespace
    /// being cut out.
    fn everywhere(&self, path: &str) -> &'static str {
        if self.kind.namespaced && !path.contains("{namespace}") { "ForAllNamespaces" } else { "" }
    }

    fn describe(&self, verb: &str, part: &str) -> String {
        let of = if part.is_empty() { String::new() } else { format!("{part} of ") };
        format!("{verb} {of}the specified {}", self.kind.kind)
    }
}

fn add(path: &str, operation: Operation, to: &mut Paths) {
    let mut operation = operation;
    if operation.id.ends_with("ForAllNamespaces") {
        operation.id = operation.id.replacen("Namespaced", "", 1);
    }
    to.entry(path.to_owned()).or_default().operations.push(operation);
}

/// The OpenAPI name of a kind.
fn definition(kind: Kind) -> Option<Text> {
    let schema = schema::builtin();
    let id = schema.root(&Gvk::new(kind.group, kind.version, kind.kind))?;
    Some(schema.get(id).name.into())
}

fn title(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// Plurals have none.
fn article(kind: &str) -> &'static str {
    if kind.ends_with('s') && !kind.ends_with("ss") {
        " "
    } else if kind.starts_with(['A', 'E', 'I', 'O', 'U']) {
        " an "
    } else {
        " a "
    }
}
