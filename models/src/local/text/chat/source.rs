//! Where chat templates come from.

use std::path::Path;

use serde_json::Value;

use super::builtin::builtin;
use super::error::ChatError;

/// The Jinja texts of a model's chat template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateSource {
    /// The template.
    pub default: String,
    /// Another one for conversations with tools, where the model has one.
    pub tool_use: Option<String>,
}

impl TemplateSource {
    /// A single template, such as the key `tokenizer.chat_template` of a GGUF file.
    pub fn of_text(template: &str) -> Self {
        Self {
            default: template.to_owned(),
            tool_use: None,
        }
    }

    /// The built-in template of a name.
    ///
    /// # Errors
    /// [`ChatError::UnknownBuiltin`] names those that there are.
    pub fn of_builtin(name: &str) -> Result<Self, ChatError> {
        match builtin(name) {
            Some(template) => Ok(Self::of_text(template)),
            None => Err(ChatError::UnknownBuiltin {
                name: name.to_owned(),
            }),
        }
    }

    /// The template in a file, or the built-in one of this name where there is no such file.
    ///
    /// # Errors
    /// [`ChatError::File`] when the file cannot be read.
    pub fn of_file(path: &Path) -> Result<Self, ChatError> {
        if let Some(template) = path.to_str().and_then(builtin)
            && !path.exists()
        {
            return Ok(Self::of_text(template));
        }
        match std::fs::read_to_string(path) {
            Ok(text) => Ok(Self::of_text(&text)),
            Err(source) => Err(ChatError::File {
                path: path.to_owned(),
                source,
            }),
        }
    }

    /// The template of a `tokenizer_config.json`: a string, or a list of templates with the names
    /// `default` and `tool_use`.
    ///
    /// # Errors
    /// [`ChatError::Missing`] where there is none, [`ChatError::Form`] for any other form.
    pub fn of_config(config: &Value) -> Result<Self, ChatError> {
        let template = &config["chat_template"];
        let form = || {
            let mut got = template.to_string();
            if let Some((end, _)) = got.char_indices().nth(80) {
                got.truncate(end);
            }
            ChatError::Form { got }
        };
        match template {
            Value::Null => Err(ChatError::Missing),
            Value::String(text) => Ok(Self::of_text(text)),
            Value::Array(list) => {
                let named = |name: &str| {
                    list.iter()
                        .find(|entry| entry["name"] == name)
                        .and_then(|entry| entry["template"].as_str())
                };
                let first = || list.first().and_then(|entry| entry["template"].as_str());
                let default = named("default").or_else(first).ok_or_else(form)?;
                Ok(Self {
                    default: default.to_owned(),
                    tool_use: named("tool_use").map(str::to_owned),
                })
            }
            _ => Err(form()),
        }
    }

    /// The template of a model's folder: `chat_template.jinja`, or else what `config`, its
    /// `tokenizer_config.json`, holds.
    ///
    /// # Errors
    /// As [`TemplateSource::of_config`]; [`ChatError::File`] when the file cannot be read.
    pub fn of_folder(folder: &Path, config: &Value) -> Result<Self, ChatError> {
        let path = folder.join("chat_template.jinja");
        match std::fs::read_to_string(&path) {
            Ok(text) => Ok(Self::of_text(&text)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Self::of_config(config),
            Err(source) => Err(ChatError::File { path, source }),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn strings_lists_files_and_names_give_templates() {
        let folder = tempfile::tempdir().unwrap();
        let list = json!({"chat_template": [
            {"name": "tool_use", "template": "T"}, {"name": "default", "template": "D"}]});
        let source = TemplateSource::of_folder(folder.path(), &list).unwrap();
        assert_eq!(
            (&*source.default, source.tool_use.as_deref()),
            ("D", Some("T"))
        );
        std::fs::write(folder.path().join("chat_template.jinja"), "F").unwrap();
        let source = TemplateSource::of_folder(folder.path(), &list).unwrap();
        assert_eq!(source, TemplateSource::of_text("F"));
        assert!(TemplateSource::of_builtin("plain").is_ok());
        let error = TemplateSource::of_builtin("none").unwrap_err();
        assert!(error.to_string().contains("chatml, plain"), "{error}");
    }

    #[test]
    fn a_missing_template_says_the_way_out() {
        let error = TemplateSource::of_config(&json!({}))
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("chat_template.jinja") && error.contains("chatml"),
            "{error}"
        );
        let error = TemplateSource::of_config(&json!({"chat_template": 3})).unwrap_err();
        assert!(error.to_string().ends_with("got 3"), "{error}");
        assert!(TemplateSource::of_config(&json!({"chat_template": []})).is_err());
    }
}
