//! How volume attachments differ while they are written. Mirrors
//! `pkg/registry/storage/volumeattachment`.

use crate::Context;
use crate::validation::persistent_volume::{self, VolumeOptions};
use crate::validation::{At, text, volume_sources};
use object::{FieldErrors, Value, names};

const METADATA_BYTES: usize = 256 << 10;
const MESSAGE_BYTES: usize = 1024;

/// See the module.
#[derive(Debug)]
pub(crate) struct Strategy;

impl crate::Strategy for Strategy {
    fn status_keeps_metadata(&self) -> bool {
        true
    }

    fn validate(&self, object: &Value, _context: &Context, errors: &mut FieldErrors) {
        let root = At::root(object);
        let spec = root.get("spec");
        volume_sources::driver_name(&spec.get("attacher"), errors);
        source(&spec.get("source"), errors);
        spec.get("nodeName").check(errors, names::dns1123_subdomain);
        status(&root.get("status"), errors);
        let name = root.get("spec.source.persistentVolumeName");
        if name.is_set() {
            name.check(errors, names::dns1123_subdomain);
        }
    }

    fn validate_update(
        &self,
        object: &Value,
        old: &Value,
        context: &Context,
        errors: &mut FieldErrors,
    ) {
        self.validate(object, context, errors);
        At::root(object).get("spec").immutable(errors, &At::root(old).get("spec"));
    }

    fn allow_unconditional_update(&self) -> bool {
        false
    }

    fn returns_deleted(&self) -> bool {
        true
    }
}

fn source(at: &At<'_>, errors: &mut FieldErrors) {
    const ONE: &str = "must specify exactly one of inlineVolumeSpec and persistentVolumeName";
    let (inline, name) = (at.get("inlineVolumeSpec"), at.get("persistentVolumeName"));
    match (inline.is_set(), name.is_set()) {
        (false, false) => at.required(errors, ONE),
        (true, true) => at.forbidden(errors, ONE),
        (false, true) if name.is_empty() => {
            name.required(errors, "must specify non empty persistentVolumeName");
        }
        (false, true) => {}
        (true, false) => {
            let options = VolumeOptions { inline: true, ..VolumeOptions::default() };
            persistent_volume::spec(&inline, options, errors);
        }
    }
}

fn status(at: &At<'_>, errors: &mut FieldErrors) {
    let metadata = at.get("attachmentMetadata");
    let size_bytes: usize = metadata.entries().map(|(k, v)| k.len() + v.len()).sum();
    if size_bytes > METADATA_BYTES {
        metadata.too_long(errors, METADATA_BYTES);
    }
    for field in ["attachError", "detachError"] {
        let (message, code) = (at.get(field).get("message"), at.get(field).get("errorCode"));
        if message.len() > MESSAGE_BYTES {
            // Upstream names the other limit.
            message.too_long(errors, METADATA_BYTES);
        }
        if code.int() < 0 {
            code.invalid(errors, text::range_sentence(0, i64::from(i32::MAX)));
        }
    }
}
