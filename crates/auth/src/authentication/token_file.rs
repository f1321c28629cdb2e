//! Static tokens from a file: `--token-auth-file`. Mirrors
//! `k8s.io/apiserver/pkg/authentication/token/tokenfile`.

use super::{Authenticated, Rejected, TokenAuthenticator};
use crate::UserInfo;
use crate::limits::TOKEN_FILE_BYTES_MAX;
use async_trait::async_trait;
use std::collections::HashMap;
use subtle::ConstantTimeEq;

/// Tokens and whose they are. Wrap it in [`super::AnyAudience`].
#[derive(Clone, Default)]
pub struct TokenFile {
    users: HashMap<String, UserInfo>,
}

impl TokenFile {
    /// Reads lines of `token,user,uid,"group1,group2"`; the groups may be left out. `path` is for
    /// messages.
    ///
    /// # Errors
    /// One sentence that names the file, never a token.
    pub fn parse(path: &str, text: &str) -> Result<Self, String> {
        if text.len() > TOKEN_FILE_BYTES_MAX {
            return Err(format!("token file '{path}' is over {TOKEN_FILE_BYTES_MAX} bytes"));
        }
        let mut users = HashMap::new();
        for (index, record) in records(text)?.into_iter().enumerate() {
            let number = index + 1;
            let [token, name, uid, rest @ ..] = record.as_slice() else {
                return Err(format!(
                    "token file '{path}' must have at least 3 columns (token, user name, user \
                     uid), found {}",
                    record.len()
                ));
            };
            if token.is_empty() {
                tracing::warn!(file = path, number, "empty token has been found in token file");
                continue;
            }
            let groups = rest.first().map(|groups| groups.split(',').map(str::to_owned).collect());
            let user = UserInfo {
                name: name.clone(),
                uid: uid.clone(),
                groups: groups.unwrap_or_default(),
                ..UserInfo::default()
            };
            if users.insert(token.clone(), user).is_some() {
                tracing::warn!(file = path, number, "duplicate token has been found in token file");
            }
        }
        Ok(Self { users })
    }
}

#[async_trait]
impl TokenAuthenticator for TokenFile {
    async fn authenticate_token(
        &self,
        token: &str,
        _: &[String],
    ) -> Result<Option<Authenticated>, Rejected> {
        // All are compared, so that the time taken tells nothing about how much was right.
        let mut found = None;
        for (known, user) in &self.users {
            if known.as_bytes().ct_eq(token.as_bytes()).into() {
                found = Some(user.clone());
            }
        }
        Ok(found.map(Authenticated::new))
    }
}

impl std::fmt::Debug for TokenFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("TokenFile").field(&self.users.len()).finish()
    }
}

/// Comma-separated values as Go reads them: quotes around a field may hold commas, line ends and
/// doubled quotes; empty lines are none.
fn records(text: &str) -> Result<Vec<Vec<String>>, String> {
    let bad = |line: usize| format!("parse error on line {line}: bare or missing \" in a field");
    let mut records = Vec::new();
    let mut record = Vec::new();
    let mut line = 1;
    let text = text.replace("\r\n", "\n");
    let mut rest = text.as_str();
    while !rest.is_empty() {
        if record.is_empty()
            && let Some(after) = rest.strip_prefix('\n')
        {
            rest = after;
            line += 1;
            continue;
        }
        let mut field = String::new();
        if let Some(mut quoted) = rest.strip_prefix('"') {
            loop {
                let (part, after) = quoted.split_once('"').ok_or_else(|| bad(line))?;
                field.push_str(part);
                let Some(again) = after.strip_prefix('"') else {
                    rest = after;
                    break;
                };
                field.push('"');
                quoted = again;
            }
            line += field.matches('\n').count();
        } else {
            let end = rest.find([',', '\n']).unwrap_or(rest.len());
            let (plain, after) = rest.split_at(end);
            if plain.contains('"') {
                return Err(bad(line));
            }
            field.push_str(plain);
            rest = after;
        }
        record.push(field);
        if let Some(after) = rest.strip_prefix(',') {
            rest = after;
            if !rest.is_empty() && !rest.starts_with('\n') {
                continue;
            }
            record.push(String::new());
        }
        if !rest.is_empty() {
            rest = rest.strip_prefix('\n').ok_or_else(|| bad(line))?;
            line += 1;
        }
        records.push(std::mem::take(&mut record));
    }
    Ok(records)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn tokens_are_whose_the_file_says() {
        let text = "\nabc,alice,1,\"devs,ops\"\r\n,nobody,2\nd\"ef,x,3\n";
        assert!(TokenFile::parse("f", text).is_err(), "a bare quote");
        let text = "\nabc,alice,1,\"devs,ops\"\r\n,nobody,2\n\"d\"\"ef\",bob,3\nxyz,carol,4,";
        let file = TokenFile::parse("f", text).expect("reads");
        let whose = async |token| {
            let known = file.authenticate_token(token, &[]).await.expect("never objects");
            known.map(|known| (known.user.name, known.user.uid, known.user.groups.join("+")))
        };
        let is =
            |name: &str, uid: &str, groups: &str| Some((name.into(), uid.into(), groups.into()));
        assert_eq!(whose("abc").await, is("alice", "1", "devs+ops"));
        assert_eq!(whose("d\"ef").await, is("bob", "3", ""));
        assert_eq!(whose("xyz").await, is("carol", "4", ""));
        assert_eq!(whose("").await, None);
        assert_eq!(whose("ab").await, None);
    }

    #[test]
    fn too_few_columns_are_refused_in_upstreams_words() {
        let why = "token file 't.csv' must have at least 3 columns (token, user name, user uid), \
                   found 2";
        assert_eq!(TokenFile::parse("t.csv", "secret,alice").expect_err("short"), why);
    }
}
