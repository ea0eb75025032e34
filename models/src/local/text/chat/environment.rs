//! The Jinja environment of chat templates, as Hugging Face transformers sets it up.

use minijinja::value::{Kwargs, ValueKind};
use minijinja::{Environment, Error, ErrorKind, State, Value};
use minijinja_contrib::pycompat::unknown_method_callback;

use super::calendar::strftime;
use super::json::tojson;
use super::python::{text, write_text};

/// Around what a template marks with `{% generation %}`, in templates that keep the marks.
pub(super) const GENERATION: [char; 2] = ['\u{10fff0}', '\u{10fff1}'];

/// What `raise_exception` was called with, as the source of the error.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Raised(pub(super) String);

pub(super) fn environment() -> Environment<'static> {
    let mut env = Environment::new();
    env.set_trim_blocks(true);
    env.set_lstrip_blocks(true);
    env.set_keep_trailing_newline(false);
    env.set_unknown_method_callback(method);
    env.set_formatter(|out, _, value| {
        let mut printed = String::new();
        write_text(&mut printed, value);
        out.write_str(&printed).map_err(Error::from)
    });
    env.add_filter("tojson", tojson);
    env.add_filter("string", |value: &Value| text(value));
    env.add_filter("join", join);
    env.add_filter("__generation", |body: String| body);
    env.add_filter("__marked_generation", |body: String| {
        format!("{}{body}{}", GENERATION[0], GENERATION[1])
    });
    env.add_function(
        "raise_exception",
        |message: &Value| -> Result<Value, Error> {
            let message = text(message);
            Err(Error::new(ErrorKind::InvalidOperation, message.clone())
                .with_source(Raised(message)))
        },
    );
    env
}

/// `strftime_now` at `seconds` of the simulation clock.
pub(super) fn strftime_now(seconds: i64) -> Value {
    Value::from_function(move |format: &str| -> Result<String, Error> {
        strftime(seconds, format).map_err(|directive| {
            Error::new(
                ErrorKind::InvalidOperation,
                format!("strftime_now: directive {directive} is not known"),
            )
        })
    })
}

/// The source with `{% generation %}` blocks as blocks of a filter, which keep their body and,
/// if `marked`, put [`GENERATION`] around it.
pub(super) fn with_generation(source: &str, marked: bool) -> String {
    let filter = if marked {
        "filter __marked_generation"
    } else {
        "filter __generation"
    };
    let mut out = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(start) = rest.find("{%") {
        let (before, tag) = rest.split_at(start + 2);
        out.push_str(before);
        let inner = tag.split("%}").next().unwrap_or_default();
        let word = inner.trim_matches(|c: char| c.is_whitespace() || c == '-' || c == '+');
        let new = match word {
            "generation" => Some(filter),
            "endgeneration" => Some("endfilter"),
            _ => None,
        };
        match new {
            Some(new) => {
                out.push_str(&inner.replace(word, new));
                rest = &tag[inner.len()..];
            }
            None => rest = tag,
        }
    }
    out.push_str(rest);
    out
}

fn join(value: &Value, separator: Option<String>, options: Kwargs) -> Result<String, Error> {
    let separator = match separator {
        Some(separator) => separator,
        None => options.get::<Option<String>>("d")?.unwrap_or_default(),
    };
    let attribute: Option<String> = options.get("attribute")?;
    options.assert_all_used()?;
    let mut out = String::new();
    for (at, item) in value.try_iter()?.enumerate() {
        if at > 0 {
            out.push_str(&separator);
        }
        match &attribute {
            Some(attribute) => write_text(&mut out, &item.get_attr(attribute)?),
            None => write_text(&mut out, &item),
        }
    }
    Ok(out)
}

/// Python's methods of strings, lists and dictionaries.
fn method(
    state: &State<'_, '_>,
    value: &Value,
    name: &str,
    args: &[Value],
) -> Result<Value, Error> {
    if value.kind() == ValueKind::String
        && let (Some(string), [affix]) = (value.as_str(), args)
        && let Some(affix) = affix.as_str()
    {
        match name {
            "removeprefix" => return Ok(string.strip_prefix(affix).unwrap_or(string).into()),
            "removesuffix" => return Ok(string.strip_suffix(affix).unwrap_or(string).into()),
            _ => {}
        }
    }
    unknown_method_callback(state, value, name, args)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn render(source: &str) -> String {
        environment()
            .render_str(&with_generation(source, false), ())
            .unwrap()
    }

    #[test]
    fn json_is_that_of_python() {
        let value = r#"{'a': [1, 2.5, true, none, "é<&>'\n"], 'b': {}, 'c': 1e-7}"#;
        let with = |filter: &str| render(&format!("{{{{ {value} | {filter} }}}}"));
        assert_eq!(
            with("tojson"),
            r#"{"a": [1, 2.5, true, null, "é<&>'\n"], "b": {}, "c": 1e-07}"#
        );
        assert_eq!(
            with("tojson(indent=1)"),
            "{\n \"a\": [\n  1,\n  2.5,\n  true,\n  null,\n  \"é<&>'\\n\"\n ],\n \"b\": {},\n \"c\": 1e-07\n}"
        );
        assert_eq!(
            with("tojson(ensure_ascii=true, separators=(',', ':'))"),
            r#"{"a":[1,2.5,true,null,"\u00e9<&>'\n"],"b":{},"c":1e-07}"#
        );
        assert_eq!(
            render("{{ {'b': 1, 'a': {2: 3}} | tojson(sort_keys=true) }}"),
            r#"{"a": {"2": 3}, "b": 1}"#
        );
    }

    #[test]
    fn python_methods_loop_controls_and_generation_blocks_work() {
        assert_eq!(
            render("{{ 'a.b'.removesuffix('.b') }}{{ [1, none] | join('-') }}"),
            "a1-None"
        );
        assert_eq!(
            render(
                "{% for i in range(9) %}{% if i == 1 %}{% continue %}{% endif %}{% if i > 2 %}{% break %}{% endif %}{{ i }}{% endfor %}"
            ),
            "02"
        );
        assert_eq!(
            render(
                "a\n{%- generation -%} b {%- endgeneration -%}\n c{% generation %}\nd{% endgeneration %}"
            ),
            "abcd"
        );
        let marked = with_generation("{% generation %}x{% endgeneration %}", true);
        assert_eq!(
            environment().render_str(&marked, ()).unwrap(),
            format!("{}x{}", GENERATION[0], GENERATION[1])
        );
    }
}
