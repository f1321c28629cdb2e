//! Who may become whom, asked of a table of rights.

use super::*;
use async_trait::async_trait;
use auth::authorization::SubjectRules;
use auth::{Authorizer, Decision};
use std::sync::Mutex;

/// Allows what is in its table, and remembers what it was asked: verb, then what the verb is about.
#[derive(Default)]
struct Table {
    allowed: Vec<String>,
    asked: Mutex<Vec<String>>,
    extra: Mutex<Vec<String>>,
}

#[async_trait]
impl Authorizer for Table {
    async fn authorize(&self, a: &Attributes) -> Decision {
        let about = match a.is_resource {
            true => [&a.group, &a.namespace, &a.combined_resource(), &a.name]
                .map(String::as_str)
                .join(":"),
            false => a.path.clone(),
        };
        let question = format!("{} {about}", a.verb);
        let allowed = self.allowed.contains(&question);
        let keys = a.user.extra.iter().map(|(key, values)| format!("{key}={}", values.join(",")));
        *self.extra.lock().expect("no panic") = keys.collect();
        self.asked.lock().expect("no panic").push(question);
        if allowed { Decision::Allow(String::new()) } else { Decision::NoOpinion(String::new()) }
    }

    fn rules_for(&self, _: &UserInfo, _: &str) -> SubjectRules {
        SubjectRules::default()
    }
}

/// Somebody with these rights, and what becomes of their requests to list pods.
struct World {
    table: Arc<Table>,
    authorizers: Authorizers,
    asking: Arc<UserInfo>,
    impersonation: Impersonation,
}

impl World {
    fn new(allowed: &str) -> Self {
        Self::of(UserInfo::new("joe", &[]), allowed, true)
    }

    fn of(asking: UserInfo, allowed: &str, constrained: bool) -> Self {
        let allowed = allowed.split('\n').map(|line| line.trim().to_owned()).collect();
        let table = Arc::new(Table { allowed, ..Table::default() });
        let authorizers = Authorizers::new(vec![table.clone()]);
        let impersonation = Impersonation::new(constrained);
        Self { table, authorizers, asking: Arc::new(asking), impersonation }
    }

    /// The name and groups that come of it, or the refusal. `headers`: `user=jane group=a`.
    async fn act(&self, headers: &str) -> Result<String, String> {
        self.table.asked.lock().expect("no panic").clear();
        let mut map = HeaderMap::new();
        for (name, value) in headers.split(' ').filter_map(|word| word.split_once('=')) {
            let name: http::HeaderName = format!("impersonate-{name}").parse().expect("a name");
            map.append(name, value.parse().expect("a value"));
        }
        let pods = |user: &Arc<UserInfo>| {
            Attributes::resource(user.clone(), "list", "", "pods").in_namespace("default")
        };
        let acted = self.impersonation.act(&self.authorizers, &mut map, self.asking.clone(), pods);
        let user = acted.await.map_err(|error| error.message)?;
        assert!(map.is_empty(), "{map:?}");
        Ok(format!("{} {}", user.name, user.groups.join(",")))
    }

    fn asked(&self) -> Vec<String> {
        self.table.asked.lock().expect("no panic").clone()
    }
}

/// A service account on the node n1.
fn agent() -> UserInfo {
    let mut agent = UserInfo::new("system:serviceaccount:kube-system:agent", &[]);
    for (key, value) in [("node-name", "n1"), ("pod-name", "agent-x")] {
        agent.extra.insert(format!("authentication.kubernetes.io/{key}"), vec![value.to_owned()]);
    }
    agent
}

#[tokio::test]
async fn a_request_without_headers_asks_nothing() {
    let world = World::new("");
    let (mut headers, asking) = (HeaderMap::new(), world.asking.clone());
    headers.insert("accept", "*/*".parse().expect("a value"));
    let never = |_: &Arc<UserInfo>| panic!("nobody reads what the request is about");
    let user = world.impersonation.act(&world.authorizers, &mut headers, asking, never).await;
    assert!(Arc::ptr_eq(&user.expect("themselves"), &world.asking));
    assert_eq!(world.asked(), [""; 0]);
}

#[tokio::test]
async fn each_mode_asks_on_the_request_and_about_each_part() {
    let users = "user=jane uid=7 group=a group=b extra-acme.io%2fscopes=view";
    let table: [(&str, UserInfo, &str, &[&str]); 5] = [
        (
            users,
            UserInfo::new("joe", &[]),
            "jane a,b,system:authenticated",
            &[
                "impersonate-on:user-info:list :default:pods:",
                "impersonate:user-info authentication.k8s.io::users:jane",
                "impersonate:user-info authentication.k8s.io::uids:7",
                "impersonate:user-info authentication.k8s.io::groups:a",
                "impersonate:user-info authentication.k8s.io::groups:b",
                "impersonate:user-info authentication.k8s.io::userextras/acme.io/scopes:view",
            ],
        ),
        (
            "user=system:anonymous",
            UserInfo::new("joe", &[]),
            "system:anonymous system:unauthenticated",
            &[
                "impersonate-on:user-info:list :default:pods:",
                "impersonate:user-info authentication.k8s.io::users:system:anonymous",
            ],
        ),
        (
            "user=system:serviceaccount:a:b",
            UserInfo::new("joe", &[]),
            "system:serviceaccount:a:b \
             system:serviceaccounts,system:serviceaccounts:a,system:authenticated",
            &[
                "impersonate-on:serviceaccount:list :default:pods:",
                "impersonate:serviceaccount authentication.k8s.io:a:serviceaccounts:b",
            ],
        ),
        (
            "user=system:node:n2",
            UserInfo::new("joe", &[]),
            "system:node:n2 system:nodes,system:authenticated",
            &[
                "impersonate-on:arbitrary-node:list :default:pods:",
                "impersonate:arbitrary-node authentication.k8s.io::nodes:n2",
            ],
        ),
        (
            "user=system:node:n1",
            agent(),
            "system:node:n1 system:nodes,system:authenticated",
            &[
                "impersonate-on:associated-node:list :default:pods:",
                "impersonate:associated-node authentication.k8s.io::nodes:*",
            ],
        ),
    ];
    for (headers, asking, becomes, questions) in table {
        let world = World::of(asking.clone(), &questions.join("\n"), true);
        assert_eq!(world.act(headers).await.expect(headers), becomes);
        assert_eq!(world.asked(), questions);
        for missing in questions {
            let others: Vec<&str> = questions.iter().copied().filter(|q| q != missing).collect();
            let world = World::of(asking.clone(), &others.join("\n"), true);
            let (verb, _) = missing.split_once(' ').expect("a verb");
            let refused = world.act(headers).await.expect_err(missing);
            assert!(refused.contains(&format!("\" cannot {verb} resource ")), "{refused}");
        }
    }
}

#[tokio::test]
async fn a_token_of_a_pod_is_for_its_own_node() {
    let rights = "impersonate-on:associated-node:list :default:pods:
                  impersonate:associated-node authentication.k8s.io::nodes:*";
    let world = World::of(agent(), rights, true);
    world.act("user=system:node:n1").await.expect("its own");
    let keys = "authentication.kubernetes.io/associated-node-keys=\
                authentication.kubernetes.io/node-name,authentication.kubernetes.io/pod-name";
    assert_eq!(*world.table.extra.lock().expect("no panic"), [keys]);
    for headers in ["user=system:node:n2", "user=system:node:n1 group=a", "user=system:node:N1"] {
        world.act(headers).await.expect_err(headers);
        assert!(!world.asked().iter().any(|asked| asked.contains("associated")), "{headers}");
    }
    let person = UserInfo { name: "joe".to_owned(), ..agent() };
    World::of(person, rights, true).act("user=system:node:n1").await.expect_err("no account");
}

#[tokio::test]
async fn the_older_form_is_for_those_who_have_its_rights() {
    let rights = "impersonate ::users:jane\nimpersonate ::groups:system:masters
                  impersonate :a:serviceaccounts:b\nimpersonate ::users:system:node:n1
                  impersonate authentication.k8s.io::uids:7
                  impersonate authentication.k8s.io::userextras/scopes:view";
    for (headers, becomes) in [
        ("user=jane group=system:masters", "jane system:masters,system:authenticated"),
        ("user=jane uid=7 extra-scopes=view", "jane system:authenticated"),
        ("user=system:node:n1", "system:node:n1 system:authenticated"),
        (
            "user=system:serviceaccount:a:b",
            "system:serviceaccount:a:b \
             system:serviceaccounts,system:serviceaccounts:a,system:authenticated",
        ),
    ] {
        for constrained in [true, false] {
            let world = World::of(UserInfo::new("joe", &[]), rights, constrained);
            assert_eq!(world.act(headers).await.expect(headers), becomes, "{constrained}");
        }
    }
}

#[tokio::test]
async fn the_first_refusal_is_the_answer_and_the_last_mode_is_the_first() {
    let world = World::new("impersonate ::users:jane");
    let constrained = "pods is forbidden: User \"joe\" cannot impersonate-on:user-info:list \
                       resource \"pods\" in API group \"\" in the namespace \"default\"";
    let older = "users \"jim\" is forbidden: User \"joe\" cannot impersonate resource \"users\" in \
                 API group \"\" at the cluster scope";
    assert_eq!(world.act("user=jim").await.expect_err("no right"), constrained);
    world.act("user=jane").await.expect("the older right");
    assert_eq!(world.asked().len(), 2);
    world.act("user=jane").await.expect("the older right");
    assert_eq!(world.asked(), ["impersonate ::users:jane"]);
    assert_eq!(world.act("user=jim").await.expect_err("no right"), older);
}

#[tokio::test]
async fn constrained_modes_give_no_power_over_all() {
    let rights = "impersonate-on:user-info:list :default:pods:
                  impersonate:user-info authentication.k8s.io::users:jane
                  impersonate:user-info authentication.k8s.io::groups:
                  impersonate:user-info authentication.k8s.io::groups:*
                  impersonate:user-info authentication.k8s.io::groups:system:masters
                  impersonate:user-info authentication.k8s.io::userextras/*:*
                  impersonate:user-info authentication.k8s.io::userextras/scopes:view";
    let world = World::new(rights);
    for (headers, why) in [
        (
            "user=jane group=a group=",
            "groups.authentication.k8s.io is forbidden: User \"joe\" cannot impersonate:user-info \
             resource \"groups\" in API group \"authentication.k8s.io\" at the cluster scope: \
             impersonating the empty string group is not allowed",
        ),
        (
            "user=jane group=b group=c group=d group=system:masters",
            "groups.authentication.k8s.io \"system:masters\" is forbidden: User \"joe\" cannot \
             impersonate:user-info resource \"groups\" in API group \"authentication.k8s.io\" at \
             the cluster scope: impersonating the system:masters group is not allowed",
        ),
        (
            "user=jane extra-scopes=view",
            "userextras.authentication.k8s.io is forbidden: User \"joe\" cannot \
             impersonate:user-info resource \"userextras\" in API group \"authentication.k8s.io\" \
             at the cluster scope: impersonating an invalid key in extra is not allowed: \
             extra.key: Invalid value: \"scopes\": must be a domain-prefixed path (such as \
             \"acme.io/foo\")",
        ),
    ] {
        assert_eq!(world.act(headers).await.expect_err(headers), why);
    }
    let many = "user=jane group=a group=b group=c group=d extra-a.b%2fc=1 extra-a.b%2fc=2 \
                extra-a.b%2fc=3 extra-d.e%2ff=4";
    world.act(many).await.expect("any of them");
    assert_eq!(world.asked().len(), 4);
    world.act("user=jane group=a group=b group=c").await.expect_err("each of a few is asked for");
}

#[tokio::test]
async fn without_the_gate_there_is_the_older_form_alone() {
    let rights = "impersonate-on:user-info:list :default:pods:
                  impersonate:user-info authentication.k8s.io::users:jane
                  impersonate ::users:joan\nimpersonate ::groups:a
                  impersonate authentication.k8s.io::uids:7
                  impersonate authentication.k8s.io::userextras/scopes:view";
    let world = World::of(UserInfo::new("joe", &[]), rights, false);
    let refused = world.act("user=jane").await.expect_err("no right");
    assert!(refused.starts_with("users \"jane\" is forbidden: User \"joe\" cannot impersonate "));
    world.act("user=joan group=a uid=7 extra-scopes=view").await.expect("all rights");
    let asked = world.asked();
    assert_eq!(asked.last().map(String::as_str), Some("impersonate authentication.k8s.io::uids:7"));
    let refused = world.act("group=a").await.expect_err("no name");
    assert_eq!(refused, "requested [{Group  a    }] without impersonating a user");
}
