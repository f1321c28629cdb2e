//! What defaulting does at each type, worked out once for a schema, so that a walk skips every part
//! of an object below which nothing can be missing.

use super::rules::{self, Rule};
use super::{CODE, Code, is_zero, resource_list};
use crate::{Field, Schema, Shape, Type, TypeId};
use object::Value;

/// The plan for all types of a schema.
#[derive(Debug)]
pub(crate) struct Plan {
    types: Vec<TypePlan>,
}

/// What to do at one type.
#[derive(Debug, Default)]
pub(super) struct TypePlan {
    /// Whether anything is to do here or below.
    pub(super) active: bool,
    /// The function of [`CODE`].
    pub(super) code: Option<Code>,
    /// The lines of `tables/defaults.txt`.
    pub(super) rules: Vec<Rule>,
    /// One for each field.
    pub(super) steps: Vec<Step>,
    /// Whether amounts are rounded here.
    pub(super) resource_lists: bool,
}

/// What to do at one field.
#[derive(Debug, Default)]
pub(super) struct Step {
    /// The value of its `+default` marker.
    pub(super) default: Option<Value>,
    /// Whether anything is to do below it.
    pub(super) descend: bool,
}

impl Plan {
    /// The plan for a schema. Rules and code for types that it lacks are left out.
    pub(crate) fn new(schema: &Schema) -> Self {
        let mut plan = Self { types: schema.iter().map(|(_, known)| local(known)).collect() };
        for (name, code) in CODE {
            if let Some(id) = schema.named(name) {
                plan.types[usize::from(id.0)].code = Some(*code);
            }
        }
        for (id, rule) in rules::read(schema).0 {
            plan.types[usize::from(id.0)].rules.push(rule);
        }
        for known in &mut plan.types {
            known.active = known.resource_lists
                || known.code.is_some()
                || !known.rules.is_empty()
                || known.steps.iter().any(|step| step.default.is_some());
        }
        while plan.spread(schema) {}
        plan
    }

    pub(super) fn of(&self, id: TypeId) -> &TypePlan {
        &self.types[usize::from(id.0)]
    }

    /// Makes a type active that holds an active one; says whether there was any.
    fn spread(&mut self, schema: &Schema) -> bool {
        let mut changed = false;
        for (id, known) in schema.iter() {
            for (place, field) in known.fields.iter().enumerate() {
                let below = target(&field.shape).is_some_and(|inner| self.of(inner).active);
                let plan = &mut self.types[usize::from(id.0)];
                if below && !plan.steps[place].descend {
                    plan.steps[place].descend = true;
                    plan.active = true;
                    changed = true;
                }
            }
        }
        changed
    }
}

fn local(known: &Type) -> TypePlan {
    let step = |field: &Field| Step { default: marker(field), descend: false };
    TypePlan {
        steps: known.fields.iter().map(step).collect(),
        resource_lists: resource_list::holds_any(known),
        ..TypePlan::default()
    }
}

/// A marker's value. The zero value of a field that is no pointer sets nothing.
fn marker(field: &Field) -> Option<Value> {
    let value: Value = serde_json::from_str(field.default?).ok()?;
    match field.shape {
        Shape::Scalar(scalar) if !field.pointer && is_zero(scalar, &value) => None,
        _ => Some(value),
    }
}

/// The struct that a shape leads to.
fn target(shape: &Shape) -> Option<TypeId> {
    match shape {
        Shape::Struct(id) => Some(*id),
        Shape::List(item) | Shape::Map(item) => target(item),
        Shape::Scalar(_) => None,
    }
}
