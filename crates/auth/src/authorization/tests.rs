//! The union of authorizers.

use super::*;

mod recorded;

struct Says(Decision);

#[async_trait]
impl Authorizer for Says {
    async fn authorize(&self, _: &Attributes) -> Decision {
        self.0.clone()
    }

    fn rules_for(&self, _: &UserInfo, _: &str) -> SubjectRules {
        SubjectRules { incomplete: true, evaluation_error: "e".into(), ..SubjectRules::default() }
    }
}

fn asked(decisions: &[Decision]) -> Authorizers {
    let modes = decisions.iter().map(|decision| Arc::new(Says(decision.clone())) as Arc<_>);
    Authorizers::new(modes.collect())
}

fn pods(user: UserInfo) -> Attributes {
    Attributes::resource(Arc::new(user), "list", "", "pods")
}

#[tokio::test]
async fn the_first_opinion_stands() {
    let text = |text: &str| text.to_owned();
    let none = |why| Decision::NoOpinion(text(why));
    let table = [
        (vec![none("a"), Decision::Allow(text("b"))], Decision::Allow(text("b"))),
        (
            vec![none("a"), Decision::Deny(text("b")), Decision::Allow(text("c"))],
            Decision::Deny(text("b")),
        ),
        (vec![none("a"), none(""), none("c")], none("a\nc")),
        (vec![], none("")),
    ];
    for (decisions, expected) in table {
        let alice = pods(UserInfo::new("alice", &[]));
        assert_eq!(asked(&decisions).decide(&alice).await, expected);
    }
}

#[tokio::test]
async fn a_refusal_carries_everybodys_reasons() {
    let refused = asked(&[Decision::NoOpinion("because".into())]);
    let error = refused.authorize(pods(UserInfo::new("alice", &[]))).await.expect_err("refused");
    assert_eq!(error.code, 403);
    assert!(error.to_string().ends_with("at the cluster scope: because"), "{error}");
}

#[tokio::test]
async fn the_privileged_group_passes_whatever_is_said() {
    let refuses = asked(&[Decision::Deny("no".into())]);
    let granted = refuses.authorize(pods(UserInfo::apiserver())).await.expect("granted");
    assert_eq!(granted.user().name, "system:apiserver");
    assert_eq!(granted.attributes().resource, "pods");
}

#[test]
fn rules_of_all_are_put_together() {
    let rules = asked(&[Decision::Deny("".into()), Decision::Deny("".into())])
        .self_subject_rules(&UserInfo::default(), "a");
    assert!(rules.incomplete);
    assert_eq!(rules.evaluation_error, "[e, e]");
}
