//! Lists of indexes of a job, such as `0,2-4,7`. Mirrors `pkg/apis/batch/validation`.

/// How many indexes a list names; what is wrong with it, in upstream's words.
pub(crate) fn count(list: &str, completions: i64) -> Result<i64, String> {
    if list.is_empty() {
        return Ok(0);
    }
    let (mut total, mut last) = (0, None);
    for part in list.split(',') {
        let (first, end) = interval(part, completions)?;
        if let Some(last) = last.filter(|last| *last >= first) {
            return Err(format!("non-increasing order, previous: {last}, current: {first}"));
        }
        total += end - first + 1;
        last = Some(end);
    }
    Ok(total)
}

/// The first index that stands in both lists; parts that can't be read are skipped.
pub(crate) fn overlap(one: &str, other: &str, completions: i64) -> Option<i64> {
    let read = |list: &str| -> Vec<(i64, i64)> {
        list.split(',').filter_map(|part| interval(part, completions).ok()).collect()
    };
    let (one, other) = (read(one), read(other));
    let common = one.iter().flat_map(|a| {
        other.iter().filter(move |b| a.0 <= b.1 && b.0 <= a.1).map(move |b| a.0.max(b.0))
    });
    common.min()
}

fn interval(part: &str, completions: i64) -> Result<(i64, i64), String> {
    let read = |text: &str| -> Result<i64, String> {
        let index: i64 = text
            .parse()
            .map_err(|_| format!("cannot convert string to integer for index: {text:?}"))?;
        if index >= completions { Err(format!("too large index: {text:?}")) } else { Ok(index) }
    };
    let limits: Vec<&str> = part.split('-').collect();
    match limits.as_slice() {
        [one] => read(one).map(|index| (index, index)),
        [first, end] => {
            let (first, end) = (read(first)?, read(end)?);
            if first >= end {
                return Err(format!("non-increasing order, previous: {first}, current: {end}"));
            }
            Ok((first, end))
        }
        _ => Err(format!(
            "the fragment {part:?} violates the requirement that an index interval can have at \
             most two parts separated by '-'"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_indexes_are_counted() {
        for (list, expected) in [
            ("", Ok(0)),
            ("0,2-4,7", Ok(5)),
            ("3,2", Err("non-increasing order, previous: 3, current: 2".to_owned())),
            ("12", Err("too large index: \"12\"".to_owned())),
            ("a", Err("cannot convert string to integer for index: \"a\"".to_owned())),
        ] {
            assert_eq!(count(list, 10), expected, "{list}");
        }
        assert_eq!(overlap("0-3", "2,5", 10), Some(2));
        assert_eq!(overlap("0-1", "2,5", 10), None);
    }
}
