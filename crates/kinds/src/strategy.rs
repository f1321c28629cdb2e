//! How a kind differs from the others while it is written.
//!
//! The order of a create or an update is the registry's, once, for all kinds; these are its
//! hooks. What all kinds share (metadata, keeping status on an update of the rest and the
//! reverse, generation) is not repeated here.

use object::{FieldErrors, Value};

/// What a strategy may know beside the objects.
#[derive(Clone, Debug, Default)]
pub struct Context {
    /// Who asks.
    pub username: String,
    /// Who asks: UID.
    pub uid: String,
    /// Who asks: groups.
    pub groups: Vec<String>,
    /// Who asks: more.
    pub extra: Vec<(String, Vec<String>)>,
    /// The time of the request, as metadata prints it (RFC 3339, whole seconds, Z).
    pub now: String,
    /// The subresource through which an update comes; empty for the object itself.
    pub subresource: String,
    /// The group and version that the caller speaks, such as `events.k8s.io/v1`.
    pub api_version: String,
}

/// Paths of fields.
pub type ResetFields = &'static [&'static [&'static str]];

/// Hooks, all with defaults. Objects are in the kind's stored version, defaults applied.
pub trait Strategy: Sync + std::fmt::Debug {
    /// Sets what the server owns before a create (`status` is already removed if the kind has
    /// a status subresource).
    fn prepare_create(&self, _object: &mut Value, _context: &Context) {}

    /// The same before an update through the object itself or a subresource (see
    /// [`Context::subresource`]); what the caller may not change here is already restored.
    fn prepare_update(&self, _object: &mut Value, _old: &Value, _context: &Context) {}

    /// The rules for a new object, `metadata` apart (see [`crate::meta_rules::create`]).
    fn validate(&self, _object: &Value, _context: &Context, _errors: &mut FieldErrors) {}

    /// All the rules for a change, `metadata` apart (see [`crate::meta_rules::update`]): called
    /// instead of [`Self::validate`], since old sins are forgiven and a status has rules of its
    /// own. The default: an update of the object itself has the rules of a new one.
    fn validate_update(
        &self,
        object: &Value,
        _old: &Value,
        context: &Context,
        errors: &mut FieldErrors,
    ) {
        if context.subresource.is_empty() {
            self.validate(object, context, errors);
        }
    }

    /// The rule for `metadata.name`: gives what is wrong with it, in upstream's words. `prefix`:
    /// it is a `generateName`.
    fn validate_name(&self, name: &str, prefix: bool) -> Vec<String> {
        crate::name_rules::subdomain(name, prefix)
    }

    /// Sentences for the client's `Warning` headers.
    fn warnings(&self, _object: &Value, _old: Option<&Value>) -> Vec<String> {
        Vec::new()
    }

    /// How many seconds a deletion waits for somebody else to finish it (the kubelet, for pods);
    /// `None`: it is removed at once. `asked` is what the caller wants.
    fn grace_seconds(&self, _object: &Value, _asked: Option<i64>) -> Option<i64> {
        None
    }

    /// Whether something other than `metadata.finalizers` still holds a deleted object (the
    /// `spec.finalizers` of a namespace).
    fn is_held(&self, _object: &Value) -> bool {
        false
    }

    /// Whether a deletion that is meant for another object, or another state of it, is refused in
    /// the store's words: kinds whose deletion goes a way of its own upstream.
    fn refuses_deletion_as_store(&self, object: &Value) -> bool {
        self.is_held(object)
    }

    /// Sets what a deletion that has to wait changes beside `metadata` (a namespace's phase).
    fn prepare_delete(&self, _object: &mut Value) {}

    /// Whether a deletion answers with the object that is gone, and not with a Status.
    fn returns_deleted(&self) -> bool {
        false
    }

    /// Whether a create keeps the `status` that it came with, though there is a status subresource
    /// (nodes register themselves with theirs).
    fn keeps_status_on_create(&self) -> bool {
        false
    }

    /// Whether an update of the status changes nothing in `metadata`: upstream's
    /// `ResetObjectMetaForStatus`.
    fn status_keeps_metadata(&self) -> bool {
        false
    }

    /// The fields that who writes through an endpoint does not own, where they are not the usual
    /// ones (of the object itself `status`; of its status `spec`, and `metadata` where that is
    /// kept): upstream's `GetResetFields`. `subresource` is empty for the object itself.
    fn reset_fields(&self, _subresource: &str) -> Option<ResetFields> {
        None
    }

    /// Whether its own rules come first, and those for `metadata` only where it finds nothing;
    /// upstream's strategies mostly begin with the latter themselves.
    fn judges_before_metadata(&self) -> bool {
        false
    }

    /// Annotations that only the versions on the wire have. Forms made of upstream's internal one
    /// (Tables, metadata alone) lack them.
    fn wire_annotations(&self) -> &'static [&'static str] {
        &[]
    }

    /// A sentence for those who delete without saying what becomes of dependents.
    fn delete_warning(&self) -> Option<&'static str> {
        None
    }

    /// Whether PUT may create (leases, events, RBAC ...).
    fn allow_create_on_update(&self) -> bool {
        false
    }

    /// Whether an update may come without `resourceVersion`.
    fn allow_unconditional_update(&self) -> bool {
        true
    }

    /// Whether the garbage collector looks at what such an object owns; where it does not (events),
    /// a deletion that should wait for it goes ahead.
    fn may_have_dependents(&self) -> bool {
        true
    }

    /// Whether dependents are orphaned by a delete that does not say so (upstream's
    /// `DefaultGarbageCollectionPolicy`).
    fn orphans_by_default(&self) -> bool {
        false
    }
}

/// A kind like all others.
#[derive(Debug)]
pub struct Plain;

impl Strategy for Plain {}
