//! `rounds schema`.

use super::args::SchemaArgs;
use super::print;
use crate::editor::schema;

/// Prints the JSON Schema of a kind of file.
pub(crate) fn show_schema(arguments: &SchemaArgs) {
    print(&format!("{:#}\n", schema(arguments.what.into())));
}
