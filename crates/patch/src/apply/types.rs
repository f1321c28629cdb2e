//! What server-side apply sees in the schema: scalars, lists and maps, and how each merges.
//!
//! Mirrors what `kube-openapi/pkg/schemaconv` makes of the OpenAPI documents. Where a type can hold
//! anything, the value at hand decides.

use object::fields_v1::{PathElement, Plain};
use schema::{Field, Merge, Scalar, Schema, Shape, Text, TypeId};
use serde_json::Value;

/// A type; cheap to copy.
#[derive(Clone, Copy)]
pub(super) struct Ty<'a> {
    schema: &'a Schema,
    what: What<'a>,
}

#[derive(Clone, Copy)]
enum What<'a> {
    Root(TypeId),
    Field(&'a Field),
    Shape(&'a Shape),
    /// Anything; maps are merged member by member.
    Deduced,
    /// Anything, as one value.
    Untyped,
}

/// A type taken apart; more than one part where it can hold several kinds of values.
pub(super) struct Atom<'a> {
    pub(super) scalar: Option<Leaf>,
    pub(super) list: Option<List<'a>>,
    pub(super) map: Option<MapType<'a>>,
}

/// The single values that a type admits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leaf {
    Number,
    Text,
    Bool,
    Any,
}

/// A list, and what tells its items apart.
#[derive(Clone, Copy)]
pub(super) struct List<'a> {
    pub(super) relation: Relation<'a>,
    pub(super) item: Ty<'a>,
}

/// What tells a list's items apart.
#[derive(Clone, Copy)]
pub(super) enum Relation<'a> {
    /// Nothing: the list is one value.
    Atomic,
    /// They themselves do.
    Set,
    /// These fields do.
    Keys(&'a [Text]),
}

/// A struct or a map.
#[derive(Clone, Copy)]
pub(super) struct MapType<'a> {
    schema: &'a Schema,
    pub(super) atomic: bool,
    fields: Option<TypeId>,
    /// What members have that are no fields; none where there can't be any.
    pub(super) element: Option<Ty<'a>>,
}

/// Which part of an [`Atom`] a value chose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Map,
    Scalar,
    List,
    /// No value decided, so the first part that there is stands for all.
    Undecided,
}

impl<'a> Ty<'a> {
    /// The type of an object.
    pub(super) fn root(schema: &'a Schema, root: TypeId) -> Self {
        Self { schema, what: What::Root(root) }
    }

    fn with(self, what: What<'a>) -> Self {
        Self { what, ..self }
    }

    /// Taken apart.
    pub(super) fn atom(self) -> Atom<'a> {
        match self.what {
            What::Root(id) => self.of_struct(id, None),
            What::Field(field) => self.of_shape(&field.shape, Some(field)),
            What::Shape(shape) => self.of_shape(shape, None),
            What::Deduced => self.of_anything(false),
            What::Untyped => self.of_anything(true),
        }
    }

    fn of_anything(self, atomic: bool) -> Atom<'a> {
        let item = self.with(What::Untyped);
        let element = if atomic { item } else { self.with(What::Deduced) };
        Atom {
            scalar: Some(Leaf::Any),
            list: Some(List { relation: Relation::Atomic, item }),
            map: Some(self.map(atomic, None, Some(element))),
        }
    }

    fn map(self, atomic: bool, fields: Option<TypeId>, element: Option<Self>) -> MapType<'a> {
        MapType { schema: self.schema, atomic, fields, element }
    }

    fn of_struct(self, id: TypeId, merge: Option<&Merge>) -> Atom<'a> {
        let ty = self.schema.get(id);
        let atomic = match merge {
            Some(Merge::Atomic) => true,
            Some(Merge::Granular) => false,
            _ => ty.atomic,
        };
        let free_form = ty.fields.is_empty().then(|| self.with(What::Deduced));
        Atom { scalar: None, list: None, map: Some(self.map(atomic, Some(id), free_form)) }
    }

    fn of_shape(self, shape: &'a Shape, field: Option<&'a Field>) -> Atom<'a> {
        let merge = field.map(|field| &field.merge);
        let scalar = |leaf| Atom { scalar: Some(leaf), list: None, map: None };
        let list =
            |relation, item| Atom { scalar: None, list: Some(List { relation, item }), map: None };
        match shape {
            Shape::Struct(id) => self.of_struct(*id, merge),
            Shape::Map(element) => {
                let element = Some(self.with(What::Shape(element)));
                let map = self.map(merge == Some(&Merge::Atomic), None, element);
                Atom { scalar: None, list: None, map: Some(map) }
            }
            Shape::List(item) => {
                list(field.map_or(Relation::Atomic, Relation::of), self.with(What::Shape(item)))
            }
            Shape::Scalar(kind) => match kind {
                Scalar::Bool => scalar(Leaf::Bool),
                Scalar::Int32
                | Scalar::Int64
                | Scalar::Uint32
                | Scalar::Uint64
                | Scalar::Float
                | Scalar::Double => scalar(Leaf::Number),
                Scalar::String | Scalar::Bytes | Scalar::Duration => scalar(Leaf::Text),
                Scalar::Quantity | Scalar::IntOrString | Scalar::Time | Scalar::MicroTime => {
                    scalar(Leaf::Any)
                }
                Scalar::Strings => list(Relation::Atomic, self.with(What::Untyped)),
                Scalar::RawExtension => self.of_anything(true),
                Scalar::FieldsV1 => {
                    let element = Some(self.with(What::Deduced));
                    Atom { scalar: None, list: None, map: Some(self.map(false, None, element)) }
                }
                Scalar::Json
                | Scalar::SchemaOrBool
                | Scalar::SchemaOrArray
                | Scalar::SchemaOrStringArray => self.of_anything(false),
            },
        }
    }
}

impl<'a> Relation<'a> {
    /// `+listType` says it, and where it doesn't, the strategic merge patch's strategy does.
    fn of(field: &'a Field) -> Self {
        match &field.merge {
            Merge::Set => Self::Set,
            Merge::Keys(keys) => Self::Keys(keys),
            Merge::Atomic | Merge::Granular => Self::Atomic,
            Merge::Default => {
                let strategies = field.patch_strategy.unwrap_or_default();
                let merges = strategies.split(',').any(|strategy| strategy == "merge");
                match (merges, field.patch_merge_key.as_slice()) {
                    (false, _) => Self::Atomic,
                    (true, []) => Self::Set,
                    (true, keys) => Self::Keys(keys),
                }
            }
        }
    }
}

impl<'a> Atom<'a> {
    /// Which part a value chooses; the only part there is needs no choosing.
    pub(super) fn choose(&self, value: Option<&Value>) -> Part {
        match (&self.map, self.scalar, &self.list) {
            (Some(_), None, None) => return Part::Map,
            (None, Some(_), None) => return Part::Scalar,
            (None, None, Some(_)) => return Part::List,
            _ => {}
        }
        match value {
            Some(Value::Object(_)) => Part::Map,
            Some(Value::Array(_)) => Part::List,
            Some(Value::Bool(_) | Value::Number(_) | Value::String(_)) => Part::Scalar,
            Some(Value::Null) | None => Part::Undecided,
        }
    }

    /// The chosen part, as a type to walk.
    pub(super) fn part(&self, part: Part) -> Walk<'a> {
        match (part, &self.map, &self.list, self.scalar) {
            (Part::Map | Part::Undecided, Some(map), ..) => Walk::Map(*map),
            (Part::List, _, Some(list), _) => Walk::List(*list),
            (_, _, _, leaf) => Walk::Scalar(leaf.unwrap_or(Leaf::Any)),
        }
    }
}

/// A type to walk, chosen by a value.
pub(super) enum Walk<'a> {
    Map(MapType<'a>),
    List(List<'a>),
    Scalar(Leaf),
}

impl<'a> MapType<'a> {
    /// The type of a declared field.
    pub(super) fn field(&self, name: &str) -> Option<Ty<'a>> {
        let field = self.schema.field(self.fields?, name)?;
        Some(Ty { schema: self.schema, what: What::Field(field) })
    }

    /// The type of any member; what nobody declared can be anything.
    pub(super) fn member(&self, name: &str) -> Ty<'a> {
        let anything = Ty { schema: self.schema, what: What::Deduced };
        self.field(name).or(self.element).unwrap_or(anything)
    }

    /// Whether it has no declared fields, and members of any type.
    pub(super) fn is_deduced(&self) -> bool {
        let declares = self.fields.is_some_and(|id| !self.schema.get(id).fields.is_empty());
        !declares && matches!(self.element, Some(Ty { what: What::Deduced, .. }))
    }

    /// What OpenAPI says of a missing key: its default, which for a field that is always printed is
    /// Go's zero.
    fn key_default(&self, name: &str) -> Option<Value> {
        let field = self.schema.field(self.fields?, name)?;
        if let Some(default) = field.default {
            return serde_json::from_str(default).ok();
        }
        if field.omit_empty || field.pointer {
            return None;
        }
        match field.shape {
            Shape::Scalar(Scalar::String) => Some("".into()),
            Shape::Scalar(Scalar::Bool) => Some(false.into()),
            Shape::Scalar(Scalar::Int32 | Scalar::Int64) => Some(0.into()),
            _ => None,
        }
    }
}

impl List<'_> {
    /// Whether the list is one value.
    pub(super) fn is_atomic(&self) -> bool {
        matches!(self.relation, Relation::Atomic)
    }

    /// The path element of an item.
    pub(super) fn element(&self, item: &Value) -> Result<PathElement, String> {
        match self.relation {
            Relation::Atomic => Err("invalid indexing of non-associative list".into()),
            Relation::Set => match item {
                Value::Object(_) => {
                    Err("associative list without keys has an element that's a map type".into())
                }
                Value::Array(_) => {
                    Err("not supported: associative list with lists as elements".into())
                }
                Value::Null => {
                    Err("associative list without keys has an element that's an explicit null"
                        .into())
                }
                scalar => Ok(PathElement::Value(Plain(scalar.clone()))),
            },
            Relation::Keys(keys) => self.keyed(keys, item),
        }
    }

    fn keyed(&self, keys: &[Text], item: &Value) -> Result<PathElement, String> {
        let members = match item {
            Value::Object(members) => members,
            Value::Null => {
                return Err("associative list with keys may not have a null element".into());
            }
            _ => return Err("associative list with keys may not have non-map elements".into()),
        };
        let item_map = self.item.atom().map;
        let mut fields: Vec<(String, Plain)> = Vec::with_capacity(keys.len());
        for key in keys {
            let default = || item_map.as_ref().and_then(|map| map.key_default(key));
            if let Some(value) = members.get(*key).cloned().or_else(default) {
                fields.push(((*key).to_owned(), Plain(value)));
            }
        }
        if fields.is_empty() {
            let keys: Vec<String> = keys.iter().map(|key| object::quote::quoted(key)).collect();
            return Err(format!(
                "associative list with keys has an element that omits all key fields [{}] (and \
                 doesn't have default values for any key fields)",
                keys.join(" ")
            ));
        }
        fields.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(PathElement::Key(fields))
    }
}
