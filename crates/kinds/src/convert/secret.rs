//! `stringData` of a secret is a way of writing `data`: it wins over it, and nobody reads it back.
//! Mirrors `Convert_v1_Secret_To_core_Secret`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use object::{Map, Value};

pub(super) fn fold(object: &mut Value) {
    let Some(secret) = object.as_object_mut() else { return };
    let Some(Value::Object(texts)) = secret.remove("stringData") else { return };
    if texts.is_empty() {
        return;
    }
    let data = secret.entry("data").or_insert_with(|| Map::new().into());
    if !data.is_object() {
        *data = Map::new().into();
    }
    for (key, text) in texts {
        data[key] = STANDARD.encode(text.as_str().unwrap_or_default()).into();
    }
}

#[cfg(test)]
mod tests {
    use object::json;

    #[test]
    fn texts_become_data_and_win() {
        let rows = [
            (json!({"stringData": {"a": "b"}}), json!({"data": {"a": "Yg=="}})),
            (
                json!({"data": {"a": "eA==", "c": "ZA=="}, "stringData": {"a": "b"}}),
                json!({"data": {"a": "Yg==", "c": "ZA=="}}),
            ),
            (json!({"data": {"c": "ZA=="}}), json!({"data": {"c": "ZA=="}})),
            (json!({"stringData": {}}), json!({})),
        ];
        for (mut object, expected) in rows {
            super::fold(&mut object);
            assert_eq!(object, expected);
        }
    }
}
