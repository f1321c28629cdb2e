//! The kinds of the `batch` group: one file each.

pub(crate) mod cron_job;
pub(crate) mod job;
