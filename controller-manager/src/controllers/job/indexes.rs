//! Sets of completion indexes, as a Job's status writes them: `1,3-5,7`.

use std::collections::BTreeSet;

/// Reads `text`; what is no index below `completions` is left out.
pub(super) fn parse(text: &str, completions: i32) -> BTreeSet<i32> {
    let mut all = BTreeSet::new();
    for part in text.split(',').filter(|part| !part.is_empty()) {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        if let (Ok(first), Ok(last)) = (first.parse::<i32>(), last.parse::<i32>()) {
            all.extend((first.max(0)..=last).take_while(|index| *index < completions));
        }
    }
    all
}

/// Writes `all`; three and more in a row are written as a range.
pub(super) fn format(all: &BTreeSet<i32>) -> String {
    let mut parts: Vec<String> = Vec::new();
    let mut iter = all.iter().copied().peekable();
    while let Some(first) = iter.next() {
        let mut last = first;
        while iter.peek() == Some(&(last + 1)) {
            last += 1;
            iter.next();
        }
        match last - first {
            0 => parts.push(first.to_string()),
            1 => parts.push(format!("{first},{last}")),
            _ => parts.push(format!("{first}-{last}")),
        }
    }
    parts.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for (text, count) in [("", 0), ("0", 1), ("1,2", 2), ("1,3-5,7", 5), ("0-9", 10)] {
            let all = parse(text, 100);
            assert_eq!(all.len(), count);
            assert_eq!(format(&all), text);
        }
        assert_eq!(format(&parse("8-12,x,90", 10)), "8,9");
    }
}
