//! Rust text with its comments and literals blanked out, so that rules can look for words. A
//! scanner, not a parser: lines and columns stay where they were.

/// The code alone: comments and the insides of string and character literals become spaces.
pub(super) fn code(text: &str) -> String {
    let mut scanner = Scanner { rest: text, out: String::with_capacity(text.len()), before: ' ' };
    while let Some(next) = scanner.rest.chars().next() {
        scanner.step(next);
    }
    scanner.out
}

/// [`code`] with each `#[cfg(test)] mod ... { }` blanked out too.
pub(super) fn shipped(text: &str) -> String {
    const MARK: &str = "#[cfg(test)]";
    let mut code = code(text);
    let mut from = 0;
    while let Some(at) = code[from..].find(MARK).map(|at| at + from) {
        from = at + MARK.len();
        let rest = &code[from..];
        let Some(open) = rest.find('{').filter(|open| !rest[..*open].contains(';')) else {
            continue;
        };
        let end = from + open + block(&rest[open..]);
        let blank: String =
            code[at..end].chars().map(|c| if c == '\n' { c } else { ' ' }).collect();
        code.replace_range(at..end, &blank);
        from = at;
    }
    code
}

/// The length of the block that `text` opens with.
fn block(text: &str) -> usize {
    let mut depth = 0;
    for (at, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at + c.len_utf8();
        }
    }
    text.len()
}

struct Scanner<'a> {
    rest: &'a str,
    out: String,
    before: char,
}

impl Scanner<'_> {
    fn step(&mut self, next: char) {
        let in_word = self.before.is_alphanumeric() || self.before == '_';
        let length = match next {
            '/' if self.rest.starts_with("//") => self.rest.find('\n').unwrap_or(self.rest.len()),
            '/' if self.rest.starts_with("/*") => comment(self.rest),
            '"' => quoted(self.rest, 1),
            'r' | 'b' | 'c' if !in_word => prefixed(self.rest),
            '\'' => character(self.rest),
            _ => 0,
        };
        if length == 0 {
            self.out.push(next);
            self.rest = &self.rest[next.len_utf8()..];
            self.before = next;
            return;
        }
        let (blanked, rest) = self.rest.split_at(length);
        for c in blanked.chars() {
            match c {
                '\n' => self.out.push('\n'),
                _ => self.out.extend(std::iter::repeat_n(' ', c.len_utf8())),
            }
        }
        self.rest = rest;
        self.before = ' ';
    }
}

/// The length of a block comment, in which others may stand.
fn comment(text: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < text.len() {
        let rest = &text[at..];
        if rest.starts_with("/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if rest.starts_with("*/") {
            (depth, at) = (depth - 1, at + 2);
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
        if depth == 0 {
            break;
        }
    }
    at
}

/// The length of a literal whose inside begins at `inside`.
fn quoted(text: &str, inside: usize) -> usize {
    let mut escaped = false;
    for (at, c) in text[inside..].char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return inside + at + 1,
            _ => {}
        }
    }
    text.len()
}

/// The length of `r"..."`, `r#"..."#`, `b"..."`, `br"..."`, `c"..."`, or 0 where it is none of them.
fn prefixed(text: &str) -> usize {
    let bare = text.trim_start_matches(['r', 'b', 'c']);
    let letters = text.len() - bare.len();
    if letters > 2 {
        return 0;
    }
    if !text[..letters].contains('r') {
        return if bare.starts_with('"') { quoted(text, letters + 1) } else { 0 };
    }
    let inside = bare.trim_start_matches('#');
    let hashes = bare.len() - inside.len();
    if !inside.starts_with('"') {
        return 0;
    }
    let end = format!("\"{}", "#".repeat(hashes));
    let start = letters + hashes + 1;
    text[start..].find(&end).map_or(text.len(), |at| start + at + end.len())
}

/// The length of a character literal, or 0 for a lifetime.
fn character(text: &str) -> usize {
    let mut inside = text[1..].char_indices();
    let Some((_, first)) = inside.next() else { return 0 };
    if first == '\\' {
        return text[3..].find('\'').map_or(0, |at| 3 + at + 1);
    }
    match inside.next() {
        Some((at, '\'')) => 1 + at + 1,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::{code, shipped};

    #[test]
    fn comments_and_literals_are_blank() {
        let rows = [
            ("a // b\nc", "a     \nc"),
            ("a /* b /* c */ d */ e", "a                   e"),
            (r#"f("x\"y", 'z', '\'', b"q")"#, "f(      ,    ,     ,     )"),
            (r###"r#"a"b"# + for_r"###, "         + for_r"),
            ("fn f<'a>(x: &'a str) {}", "fn f<'a>(x: &'a str) {}"),
        ];
        for (text, expected) in rows {
            assert_eq!(code(text), expected, "{text}");
        }
    }

    #[test]
    fn tests_are_not_shipped() {
        let text = "fn a() {}\n#[cfg(test)]\nmod tests {\n    fn b() { x }\n}\nfn c() {}\n";
        let shipped = shipped(text);
        assert_eq!(shipped.lines().count(), text.lines().count());
        assert!(shipped.contains("fn a") && shipped.contains("fn c") && !shipped.contains("fn b"));
        assert!(super::shipped("#[cfg(test)]\nmod tests;\nfn c() { d }").contains('d'));
    }
}
