//! A table that says who a person is.

use rounds_environments::clinic::case::Person;

use super::reader::TableReader;
use super::values::integer;

/// Reads the person in the table at `key`; nobody when it is not written.
pub(super) fn read_person(outer: &mut TableReader<'_>, key: &'static str) -> Person {
    let Some(mut table) = outer.table(key) else {
        return Person::default();
    };
    let person = Person {
        age: table
            .get("age", |node| integer(node, 0, 130))
            .map(|age| age as u32),
        sex: table.string("sex"),
        ethnicity: table.string("ethnicity"),
        language: table.string("language"),
        insurance: table.string("insurance"),
    };
    table.finish();
    person
}
