//! Chat templates that come with the program.

/// The template of ChatML, for tokenizers that have `<|im_start|>` and `<|im_end|>`.
pub const CHATML: &str = include_str!("templates/chatml.jinja");

/// A template for any tokenizer that has a token which ends a text.
pub const PLAIN: &str = include_str!("templates/plain.jinja");

/// The built-in templates by name.
pub const BUILTIN: [(&str, &str); 2] = [("chatml", CHATML), ("plain", PLAIN)];

/// The built-in template of a name.
pub fn builtin(name: &str) -> Option<&'static str> {
    BUILTIN
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, template)| *template)
}
