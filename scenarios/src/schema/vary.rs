//! `--vary key=a,b,c`: one arm for each value, and for each combination of several keys.

use super::{
    diagnostics::{Problem, ProblemKind},
    document::Table,
    layers::{assignment, merge},
    load::Layer,
    source::{Origin, Source},
};

/// The arms of all combinations, the last key varying fastest. An arm is named after its values,
/// `key=value`, with commas between several keys.
///
/// # Errors
/// A text that is not `key=value,value…`, or a key that is varied twice.
pub(crate) fn variations(texts: &[String]) -> Result<Vec<Layer>, Problem> {
    let mut layers: Vec<Layer> = Vec::new();
    let mut keys: Vec<&str> = Vec::new();
    for text in texts {
        let (key, choices) = choices(text)?;
        if keys.contains(&key) {
            let source = Source::argument("--vary", text.clone());
            let place = Origin::new(&source, 0..key.len());
            let message = format!("`{key}` is varied twice");
            return Err(
                Problem::at(&place, ProblemKind::Duplicate, message, "varied before")
                    .help("name all values in one `--vary`"),
            );
        }
        keys.push(key);
        layers = if layers.is_empty() {
            choices
        } else {
            combine(&layers, &choices)
        };
    }
    Ok(layers)
}

fn combine(outer: &[Layer], inner: &[Layer]) -> Vec<Layer> {
    let mut out = Vec::new();
    for first in outer {
        for second in inner {
            let mut set: Table = first.set.clone();
            merge(&mut set, second.set.clone());
            out.push(Layer {
                name: format!("{},{}", first.name, second.name),
                place: second.place.clone(),
                set,
            });
        }
    }
    out
}

fn choices(text: &str) -> Result<(&str, Vec<Layer>), Problem> {
    let Some((key, values)) = text.split_once('=') else {
        return Err(wrong(text, "no `=` in this"));
    };
    let mut layers = Vec::new();
    for value in split(values) {
        let value = value.trim();
        if value.is_empty() {
            return Err(wrong(text, "a value is empty"));
        }
        let name = format!("{}={value}", key.trim());
        let source = Source::argument("--vary", name.clone());
        layers.push(Layer {
            place: Origin::new(&source, 0..name.len()),
            set: assignment("--vary", &name)?,
            name,
        });
    }
    Ok((key.trim(), layers))
}

fn wrong(text: &str, label: &str) -> Problem {
    let source = Source::argument("--vary", text.to_owned());
    let place = Origin::new(&source, 0..text.len());
    let message = "`--vary` takes `key=value,value…`";
    Problem::at(&place, ProblemKind::Syntax, message, label)
        .help("for example `--vary agents.team.kind=dynamic,static`")
}

/// Splits at the commas that lie outside quotes, brackets and braces.
fn split(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut start, mut depth, mut quote) = (0, 0_usize, None);
    for (at, letter) in text.char_indices() {
        match (quote, letter) {
            (Some(open), _) if open == letter => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(letter),
            (None, '[' | '{') => depth += 1,
            (None, ']' | '}') => depth = depth.saturating_sub(1),
            (None, ',') if depth == 0 => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn commas_inside_a_value_do_not_split_it() {
        assert_eq!(split("a,b"), ["a", "b"]);
        assert_eq!(
            split("[1,2],{a=1,b=2},'x,y'"),
            ["[1,2]", "{a=1,b=2}", "'x,y'"]
        );
        assert_eq!(split(""), [""]);
    }
}
