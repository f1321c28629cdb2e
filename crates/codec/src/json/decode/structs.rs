//! Structs, lists and maps.

use super::context::{Context, Step, go_name, short_name};
use super::scalar;
use schema::{Field, Scalar, Schema, Shape, TypeId};
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use std::borrow::Cow;
use std::fmt;

/// What is to be read.
#[derive(Clone, Copy)]
pub(super) enum Target<'s> {
    Struct(TypeId),
    Shape(&'s Shape),
}

/// Reads one value; `None` for null.
pub(super) struct Seed<'c, 's> {
    pub(super) context: &'c mut Context<'s>,
    pub(super) target: Target<'s>,
}

impl<'de> DeserializeSeed<'de> for Seed<'_, '_> {
    type Value = Option<Value>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        match self.target {
            Target::Shape(Shape::Scalar(scalar)) => match scalar {
                Scalar::RawExtension | Scalar::FieldsV1 | Scalar::Json => {
                    let value: Value = serde::Deserialize::deserialize(deserializer)?;
                    Ok((!value.is_null()).then_some(value))
                }
                Scalar::Quantity if self.context.text => {
                    scalar::quantity(self.context, deserializer)
                }
                _ => deserializer.deserialize_any(self),
            },
            _ => deserializer.deserialize_any(self),
        }
    }
}

impl Seed<'_, '_> {
    fn scalar(&self) -> Option<Scalar> {
        match self.target {
            Target::Shape(Shape::Scalar(scalar)) => Some(*scalar),
            _ => None,
        }
    }

    fn number<E: serde::de::Error>(self, number: Number) -> Result<Option<Value>, E> {
        match self.scalar() {
            Some(scalar) => scalar::number(self.context, scalar, number),
            None => Err(self.wrong("number")),
        }
    }

    fn text<E: serde::de::Error>(self, text: Cow<'_, str>) -> Result<Option<Value>, E> {
        match self.scalar() {
            Some(scalar) => scalar::text(self.context, scalar, text),
            None => Err(self.wrong("string")),
        }
    }

    fn wrong<E: serde::de::Error>(self, value: &str) -> E {
        if let Some(scalar) = self.scalar() {
            return scalar::wrong(self.context, scalar, value);
        }
        let go_type = match self.target {
            Target::Struct(id) => go_name(self.context.schema.get(id).name).to_owned(),
            Target::Shape(shape) => go_type(self.context.schema, shape),
        };
        self.context.wrong_type(value, &go_type)
    }
}

/// How Go prints the type of a field.
fn go_type(schema: &Schema, shape: &Shape) -> String {
    match shape {
        Shape::Scalar(scalar) => scalar::go_type(*scalar).to_owned(),
        Shape::Struct(id) => go_name(schema.get(*id).name).to_owned(),
        Shape::List(item) => format!("[]{}", go_type(schema, item)),
        Shape::Map(item) => format!("map[string]{}", go_type(schema, item)),
    }
}

impl<'de> Visitor<'de> for Seed<'_, '_> {
    type Value = Option<Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value that fits its field")
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<Self::Value, E> {
        match self.scalar() {
            Some(Scalar::Bool | Scalar::SchemaOrBool) => Ok(Some(value.into())),
            Some(Scalar::SchemaOrArray | Scalar::SchemaOrStringArray) => Ok(None),
            _ => Err(self.wrong("bool")),
        }
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<Self::Value, E> {
        self.number(value.into())
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Self::Value, E> {
        self.number(value.into())
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Self::Value, E> {
        match Number::from_f64(value) {
            Some(number) => self.number(number),
            None => Err(self.wrong("number")),
        }
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<Self::Value, E> {
        self.text(value.into())
    }

    fn visit_string<E: serde::de::Error>(self, value: String) -> Result<Self::Value, E> {
        self.text(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        const TEXT: &Shape = &Shape::Scalar(Scalar::String);
        let owner = self.context.owner;
        let (item, lenient) = match (self.target, self.scalar(), owner) {
            (Target::Shape(Shape::List(item)), _, _) => (Target::Shape(item), false),
            (_, Some(Scalar::Strings), _) => (Target::Shape(TEXT), false),
            (_, Some(Scalar::SchemaOrStringArray), _) => (Target::Shape(TEXT), true),
            (_, Some(Scalar::SchemaOrArray), Some(owner)) => (Target::Struct(owner), true),
            _ => return Err(self.wrong("array")),
        };
        let context = self.context;
        context.lenient += usize::from(lenient);
        let mut list = Vec::new();
        loop {
            context.path.push(Step::Index(list.len()));
            let read = items.next_element_seed(Seed { context: &mut *context, target: item })?;
            context.path.pop();
            match read {
                Some(value) => list.push(value.unwrap_or_else(|| zero(item))),
                None => break,
            }
        }
        context.lenient -= usize::from(lenient);
        Ok(Some(Value::Array(list)))
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<Self::Value, A::Error> {
        let scalar = self.scalar();
        match (self.target, scalar, self.context.owner) {
            (Target::Struct(id), _, _) => read_struct(self.context, id, entries),
            (Target::Shape(Shape::Struct(id)), _, _) => read_struct(self.context, *id, entries),
            (Target::Shape(Shape::Map(item)), _, _) => read_map(self.context, item, entries),
            (
                _,
                Some(Scalar::SchemaOrBool | Scalar::SchemaOrArray | Scalar::SchemaOrStringArray),
                Some(owner),
            ) => {
                self.context.lenient += 1;
                let read = read_struct(self.context, owner, entries);
                self.context.lenient -= 1;
                read
            }
            _ => Err(self.wrong("object")),
        }
    }
}

/// What stands in a list or a map where JSON has null: Go's zero value.
fn zero(target: Target<'_>) -> Value {
    use Scalar::{Bool, Double, Float, Int32, Int64, IntOrString, Uint32, Uint64};
    match target {
        Target::Struct(_) | Target::Shape(Shape::Struct(_)) => Value::Object(Map::new()),
        Target::Shape(Shape::Scalar(scalar)) => match scalar {
            Bool | Scalar::SchemaOrBool => false.into(),
            Int32 | Int64 | Uint32 | Uint64 | IntOrString => 0.into(),
            Float | Double => 0.0.into(),
            Scalar::String => "".into(),
            Scalar::Quantity => "0".into(),
            Scalar::Duration => "0s".into(),
            _ => Value::Null,
        },
        Target::Shape(_) => Value::Null,
    }
}

fn read_map<'de, 's, A: MapAccess<'de>>(
    context: &mut Context<'s>,
    item: &'s Shape,
    mut entries: A,
) -> Result<Option<Value>, A::Error> {
    let mut map = Map::new();
    while let Some(key) = entries.next_key::<String>()? {
        if map.contains_key(&key) {
            context.note("duplicate field", &key);
        }
        context.path.push(Step::Key(key));
        let target = Target::Shape(item);
        let value = entries.next_value_seed(Seed { context: &mut *context, target })?;
        if let Some(Step::Key(key)) = context.path.pop() {
            map.insert(key, value.unwrap_or_else(|| zero(target)));
        }
    }
    Ok(Some(Value::Object(map)))
}

fn read_struct<'de, A: MapAccess<'de>>(
    context: &mut Context<'_>,
    id: TypeId,
    mut entries: A,
) -> Result<Option<Value>, A::Error> {
    let outer = context.owner.replace(id);
    let mut map = Map::new();
    let mut nulls = false;
    let mut inline = Vec::new();
    while let Some(Key(key)) = entries.next_key::<Key<'_>>()? {
        inline.clear();
        let Some(field) = find(context.schema, id, &key, &mut inline) else {
            context.note("unknown field", &key);
            entries.next_value::<IgnoredAny>()?;
            continue;
        };
        if map.contains_key(field.name) {
            context.note("duplicate field", field.name);
        }
        let depth = context.path.len();
        context.path.extend(inline.iter().map(|name| Step::Inline(name)));
        context.path.push(Step::Field(field.name));
        let target = Target::Shape(&field.shape);
        let value = entries.next_value_seed(Seed { context: &mut *context, target })?;
        context.path.truncate(depth);
        nulls |= value.is_none();
        map.insert(field.name.to_owned(), value.unwrap_or(Value::Null));
    }
    if nulls {
        map.retain(|_, value| !value.is_null());
    }
    context.owner = outer;
    Ok(Some(Value::Object(map)))
}

/// The field of a name, and the inline structs on the way to it.
fn find<'s>(
    schema: &'s Schema,
    id: TypeId,
    name: &str,
    inline: &mut Vec<&'static str>,
) -> Option<&'s Field> {
    for field in &schema.get(id).fields {
        match &field.shape {
            Shape::Struct(inner) if field.inline => {
                inline.push(short_name(schema.get(*inner).name));
                if let Some(found) = find(schema, *inner, name, inline) {
                    return Some(found);
                }
                inline.pop();
            }
            _ if field.name == name => return Some(field),
            _ => {}
        }
    }
    None
}

/// A key of a struct, borrowed from the text where it has no escapes.
struct Key<'a>(Cow<'a, str>);

impl<'de> serde::Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeyVisitor;

        impl<'de> Visitor<'de> for KeyVisitor {
            type Value = Key<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }

            fn visit_borrowed_str<E>(self, key: &'de str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Borrowed(key)))
            }

            fn visit_str<E>(self, key: &str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Owned(key.to_owned())))
            }

            fn visit_string<E>(self, key: String) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Owned(key)))
            }
        }

        deserializer.deserialize_str(KeyVisitor)
    }
}
