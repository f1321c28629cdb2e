//! What every field of every type means, as data: its JSON name, its protobuf tag, how lists
//! merge, what it defaults to.
//!
//! The built-in types are a committed text table, written by `cargo xtask schema` out of
//! upstream's Go modules. Nothing here decodes or encodes: that is the `codec` crate.

pub mod defaults;
mod table;
pub mod walk;

pub use table::TableError;

use object::{GroupVersion, Gvk};
use std::collections::{HashMap, HashSet};
use std::sync::{LazyLock, OnceLock};

/// A text of the table; leaked for schemas that are made at run time and kept.
pub type Text = &'static str;

/// A set of types that refer to each other by [`TypeId`].
#[derive(Debug, Default)]
pub struct Schema {
    types: Vec<Type>,
    enums: Vec<Vec<Text>>,
    by_name: HashMap<Text, TypeId>,
    by_gvk: HashMap<Gvk, TypeId>,
    /// Kinds that belong to every group and version: options and `WatchEvent`.
    everywhere: HashMap<Text, TypeId>,
    group_versions: HashSet<GroupVersion>,
    default_plan: OnceLock<defaults::Plan>,
}

/// The place of a type in its [`Schema`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TypeId(pub u16);

/// A struct of upstream's.
#[derive(Debug)]
pub struct Type {
    /// Its OpenAPI name, such as `io.k8s.api.core.v1.Pod`.
    pub name: Text,
    /// Its fields in the order of Go's struct, which is the order in which JSON is printed.
    /// The fields of structs that are inline both in JSON and Go stand behind one [`Field`]
    /// with `inline`, since protobuf nests them.
    pub fields: Vec<Field>,
    /// What it is as a whole, where it can stand at the root of a request. A type that stands for
    /// several (`Table`, `Status`) names the first; [`Schema::root`] knows them all.
    pub gvk: Option<Gvk>,
    /// For a struct used as one value: `+structType=atomic`.
    pub atomic: bool,
    /// Since when it is served, and until when.
    pub lifecycle: Lifecycle,
}

/// The minor versions, such as `1.25`, that bound the life of a kind; all absent for a part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lifecycle {
    /// The first that serves it.
    pub introduced: Option<Text>,
    /// The first that warns of its use.
    pub deprecated: Option<Text>,
    /// The first that no longer serves it.
    pub removed: Option<Text>,
    /// What to use in its place, written `group,version,kind`.
    pub replacement: Option<Text>,
}

/// A field of a struct.
#[derive(Debug)]
pub struct Field {
    /// Its JSON name; empty for an inline struct.
    pub name: Text,
    /// Its protobuf tag; 0 where protobuf leaves it out (`TypeMeta`).
    pub tag: u32,
    /// What it holds.
    pub shape: Shape,
    /// Its fields stand among those of the parent in JSON, and in a message of their own in
    /// protobuf.
    pub inline: bool,
    /// A Go pointer (or a slice, a map, an interface): absent differs from zero.
    pub pointer: bool,
    /// JSON leaves it out while it is empty in Go's sense (`omitempty`).
    pub omit_empty: bool,
    /// JSON leaves it out while it is the zero value of its struct (`omitzero`).
    pub omit_zero: bool,
    /// `+required`, or neither `+optional` nor `omitempty`: OpenAPI's `required`.
    pub required: bool,
    /// How a list, map or struct merges in server-side apply.
    pub merge: Merge,
    /// `patchMergeKey`: the key of a list's items in a strategic merge patch.
    pub patch_merge_key: Option<Text>,
    /// `patchStrategy`, such as `merge` or `merge,retainKeys`.
    pub patch_strategy: Option<Text>,
    /// `+default`, as JSON text.
    pub default: Option<Text>,
    /// The values it may have; read them with [`Schema::enum_values`].
    pub enumeration: Option<EnumId>,
    /// `+featureGate`: the gates that it waits for.
    pub gates: Vec<Text>,
}

/// The place of an enumeration in its [`Schema`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EnumId(pub u16);

/// What a field holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shape {
    /// One value.
    Scalar(Scalar),
    /// A struct.
    Struct(TypeId),
    /// A list.
    List(Box<Shape>),
    /// A map whose keys are strings.
    Map(Box<Shape>),
}

/// The single values, by how JSON and protobuf write them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scalar {
    /// `bool`.
    Bool,
    /// `int32`, and Go's narrower integers.
    Int32,
    /// `int64`.
    Int64,
    /// `uint32`.
    Uint32,
    /// `uint64`.
    Uint64,
    /// `float32`.
    Float,
    /// `float64`.
    Double,
    /// `string` and its aliases.
    String,
    /// `[]byte`: base64 in JSON.
    Bytes,
    /// `ExtraValue` and `Verbs`: a list of strings in JSON; in protobuf a message of its own, with
    /// the strings under tag 1, which is absent for null.
    Strings,
    /// `resource.Quantity`: a string in JSON (a number is read too), kept canonical.
    Quantity,
    /// `intstr.IntOrString`.
    IntOrString,
    /// `metav1.Time`: whole seconds.
    Time,
    /// `metav1.MicroTime`: microseconds.
    MicroTime,
    /// `metav1.Duration`: Go's notation in JSON, nanoseconds in protobuf.
    Duration,
    /// `runtime.RawExtension`: any object; bytes of JSON in a message in protobuf.
    RawExtension,
    /// `metav1.FieldsV1`: likewise.
    FieldsV1,
    /// `apiextensions.JSON`: any JSON; likewise.
    Json,
    /// `JSONSchemaPropsOrBool`: a schema or a boolean.
    SchemaOrBool,
    /// `JSONSchemaPropsOrArray`: a schema or a list of schemas.
    SchemaOrArray,
    /// `JSONSchemaPropsOrStringArray`: a schema or a list of strings.
    SchemaOrStringArray,
}

/// How server-side apply merges a value: `+listType`, `+mapType`, `+structType`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Merge {
    /// Structs and maps field by field, lists and scalars as one value.
    #[default]
    Default,
    /// As one value, whatever it is.
    Atomic,
    /// A list whose items are the members of a set.
    Set,
    /// A list whose items are told apart by these fields.
    Keys(Vec<Text>),
    /// A map or struct, said to be merged field by field.
    Granular,
}

/// The schema of every type that Kubernetes has built in, read once.
pub fn builtin() -> &'static Schema {
    static BUILTIN: LazyLock<Schema> = LazyLock::new(table::builtin);
    &BUILTIN
}

impl Schema {
    /// Reads a table in the notation of `tables/builtin.txt`.
    ///
    /// # Errors
    /// Names the first line that is not understood.
    pub fn parse(table: Text) -> Result<Self, TableError> {
        table::parse(table)
    }

    /// The type behind an id, which must come from this schema.
    pub fn get(&self, id: TypeId) -> &Type {
        &self.types[usize::from(id.0)]
    }

    /// The type of an OpenAPI name.
    pub fn named(&self, name: &str) -> Option<TypeId> {
        self.by_name.get(name).copied()
    }

    /// The type that stands at the root for a group, version and kind. Options (`DeleteOptions`)
    /// and `WatchEvent` belong to every group and version.
    pub fn root(&self, gvk: &Gvk) -> Option<TypeId> {
        self.by_gvk.get(gvk).copied().or_else(|| {
            let id = *self.everywhere.get(&*gvk.kind)?;
            let at = GroupVersion { group: gvk.group.clone(), version: gvk.version.clone() };
            self.group_versions.contains(&at).then_some(id)
        })
    }

    /// The kinds that can stand at the root, in no order, but for those of every group.
    pub fn roots(&self) -> impl Iterator<Item = (&Gvk, TypeId)> {
        self.by_gvk.iter().map(|(gvk, id)| (gvk, *id))
    }

    /// The values that a field may have, sorted; none for a field that may have any.
    pub fn enum_values(&self, field: &Field) -> &[Text] {
        field.enumeration.map_or(&[], |id| &self.enums[usize::from(id.0)])
    }

    fn default_plan(&self) -> &defaults::Plan {
        self.default_plan.get_or_init(|| defaults::Plan::new(self))
    }

    /// All types with their ids, in order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (TypeId, &Type)> {
        self.types.iter().enumerate().map(|(i, t)| (TypeId(i as u16), t))
    }

    /// Finds a field by its JSON name, through inline structs.
    pub fn field<'a>(&'a self, id: TypeId, name: &str) -> Option<&'a Field> {
        self.get(id).fields.iter().find_map(|field| match &field.shape {
            Shape::Struct(inner) if field.inline => self.field(*inner, name),
            _ => (field.name == name).then_some(field),
        })
    }
}
