//! The order in which authenticators are asked, and what is left over for whom.

use super::*;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::HeaderMap;

struct Says(Result<Option<&'static str>, &'static str>);

#[async_trait]
impl Authenticator for Says {
    async fn authenticate(&self, _: &Evidence<'_>) -> Result<Option<Authenticated>, Rejected> {
        let name = self.0.map_err(Rejected::new)?;
        Ok(name.map(|name| Authenticated::new(UserInfo::new(name, &[]))))
    }
}

struct Knows(&'static str);

#[async_trait]
impl TokenAuthenticator for Knows {
    async fn authenticate_token(
        &self,
        token: &str,
        _: &[String],
    ) -> Result<Option<Authenticated>, Rejected> {
        Ok((token == self.0).then(|| Authenticated::new(UserInfo::new(token, &["own"]))))
    }
}

fn all(requests: Vec<Says>, anonymous: Option<Anonymous>) -> Authenticators {
    let requests = requests.into_iter().map(|says| Arc::new(says) as Arc<_>).collect();
    let tokens = Tokens::new(vec![Arc::new(Knows("one")), Arc::new(Knows("two"))]);
    Authenticators::new(requests, tokens, anonymous)
}

async fn who(all: &Authenticators, headers: &[(&'static str, &str)]) -> Result<String, String> {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(*name, value.parse().expect("a value"));
    }
    let evidence = Evidence { certificates: &[], headers: &map, path: "/livez" };
    match all.authenticate(&evidence).await {
        Ok(known) => Ok(format!("{} in {}", known.user.name, known.user.groups.join("+"))),
        Err(why) => Err(why.0),
    }
}

#[tokio::test]
async fn each_gets_its_turn() {
    let everywhere = || Some(Anonymous::everywhere());
    let nothing = all(vec![Says(Ok(None))], everywhere());
    let known = |text: &str| Ok(text.to_owned());
    let anonymous = || known("system:anonymous in system:unauthenticated");
    let invalid = || Err("invalid bearer token".to_owned());
    assert_eq!(who(&nothing, &[]).await, anonymous());
    for (value, answer) in [
        ("Bearer one", known("one in own+system:authenticated")),
        ("bearer two", known("two in own+system:authenticated")),
        ("Bearer three", invalid()),
        ("Bearer", anonymous()),
        ("Bearer  one", anonymous()),
        ("Basic one", anonymous()),
    ] {
        assert_eq!(who(&nothing, &[("authorization", value)]).await, answer, "{value}");
    }

    let first = all(vec![Says(Ok(None)), Says(Ok(Some("x"))), Says(Ok(Some("y")))], None);
    let token = [("authorization", "Bearer one")];
    assert_eq!(who(&first, &token).await, known("x in system:authenticated"));

    // A bad certificate and a good token is someone; a bad certificate alone is nobody, and not
    // anonymous.
    let bad = all(vec![Says(Err("bad"))], everywhere());
    assert_eq!(who(&bad, &token).await, known("one in own+system:authenticated"));
    assert_eq!(who(&bad, &[]).await, Err("bad".into()));
    let both = Err("[bad, invalid bearer token]".into());
    assert_eq!(who(&bad, &[("authorization", "Bearer no")]).await, both);
}

#[tokio::test]
async fn anonymous_people_may_be_kept_out() {
    let table = [
        (None, false),
        (Some(Anonymous::everywhere()), true),
        (Some(Anonymous::on_paths(vec!["/livez".into()])), true),
        (Some(Anonymous::on_paths(vec!["/readyz".into()])), false),
    ];
    for (anonymous, let_in) in table {
        assert_eq!(who(&all(vec![], anonymous), &[]).await.is_ok(), let_in);
    }
}

#[tokio::test]
async fn a_web_socket_may_bring_its_token_as_a_subprotocol() {
    let all = all(vec![], Some(Anonymous::everywhere()));
    let token = format!("base64url.bearer.authorization.k8s.io.{}", URL_SAFE_NO_PAD.encode("one"));
    let offered = format!("v4.channel.k8s.io, {token}");
    let name = "sec-websocket-protocol";
    let upgrade = ("upgrade", "websocket");
    let good = Ok("one in own+system:authenticated".to_owned());
    assert_eq!(who(&all, &[upgrade, (name, &offered)]).await, good);
    let anonymous = Ok("system:anonymous in system:unauthenticated".to_owned());
    assert_eq!(who(&all, &[(name, &offered)]).await, anonymous, "no web socket");
    let alone = Err("missing additional subprotocol".to_owned());
    assert_eq!(who(&all, &[upgrade, (name, &token)]).await, alone);
    let twice = format!("{offered},{token}");
    let twice = who(&all, &[upgrade, (name, &twice)]).await;
    assert_eq!(twice, Err("multiple base64.bearer.authorization tokens specified".into()));

    let mut headers = HeaderMap::new();
    headers.insert("authorization", "Bearer one".parse().expect("a value"));
    headers.insert(name, offered.parse().expect("a value"));
    strip_token(&mut headers);
    assert_eq!(headers.len(), 1);
    assert_eq!(headers[name], "v4.channel.k8s.io");
}
