//! Replies kept by the hash of their request.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use super::options::Caching;
use crate::request::{ModelReply, TokenLogprob, Usage};

/// A line of the file.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Kept {
    hash: String,
    text: String,
    prompt_tokens: u64,
    completion_tokens: u64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    logprobs: Vec<TokenLogprob>,
}

/// Replies of earlier requests. A hit costs nothing.
pub(super) struct Cache(Option<Mutex<Store>>);

#[derive(Default)]
struct Store {
    replies: HashMap<String, Kept>,
    file: Option<File>,
}

impl Cache {
    /// Reads the file, if there is one. A damaged line is dropped: it was being written when a
    /// run was killed, and costs one call.
    pub(super) fn open(caching: &Caching) -> std::io::Result<Self> {
        match caching {
            Caching::Off => Ok(Self(None)),
            Caching::Memory => Ok(Self(Some(Mutex::default()))),
            Caching::File(path) => Ok(Self(Some(Mutex::new(Store::open(path)?)))),
        }
    }

    /// Whether anything is kept.
    pub(super) fn is_on(&self) -> bool {
        self.0.is_some()
    }

    pub(super) fn get(&self, hash: &str) -> Option<ModelReply> {
        let store = self.0.as_ref()?;
        let store = store.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = store.replies.get(hash)?;
        Some(ModelReply {
            text: kept.text.clone(),
            usage: Usage {
                prompt_tokens: kept.prompt_tokens,
                completion_tokens: kept.completion_tokens,
                cost_usd: Some(0.0),
                cache_hit: true,
            },
            logprobs: kept.logprobs.clone(),
            ..ModelReply::default()
        })
    }

    pub(super) fn put(&self, hash: String, reply: &ModelReply) {
        let Some(store) = &self.0 else { return };
        let kept = Kept {
            hash,
            text: reply.text.clone(),
            prompt_tokens: reply.usage.prompt_tokens,
            completion_tokens: reply.usage.completion_tokens,
            logprobs: reply.logprobs.clone(),
        };
        let mut store = store.lock().unwrap_or_else(PoisonError::into_inner);
        store.write(&kept);
        store.replies.insert(kept.hash.clone(), kept);
    }
}

impl Store {
    fn open(path: &Path) -> std::io::Result<Self> {
        let mut file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .open(path)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        if bytes.last().is_some_and(|last| *last != b'\n') {
            file.write_all(b"\n")?;
        }
        let mut replies = HashMap::new();
        for line in bytes.split(|byte| *byte == b'\n').filter(|l| !l.is_empty()) {
            match serde_json::from_slice::<Kept>(line) {
                Ok(kept) => drop(replies.insert(kept.hash.clone(), kept)),
                Err(error) => tracing::warn!(
                    path = %path.display(), %error, "dropped a damaged line of the cache"
                ),
            }
        }
        Ok(Self {
            replies,
            file: Some(file),
        })
    }

    /// A cache that cannot be written is still good for this run.
    fn write(&mut self, kept: &Kept) {
        let Some(file) = &mut self.file else { return };
        let line = serde_json::to_string(kept).map_err(std::io::Error::other);
        if let Err(error) = line.and_then(|line| file.write_all((line + "\n").as_bytes())) {
            tracing::warn!(%error, "the cache of replies is not written any more");
            self.file = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(text: &str) -> ModelReply {
        ModelReply {
            text: text.to_owned(),
            usage: Usage {
                prompt_tokens: 5,
                completion_tokens: 2,
                cost_usd: None,
                cache_hit: false,
            },
            ..ModelReply::default()
        }
    }

    #[test]
    fn a_file_keeps_replies_and_survives_a_damaged_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cache.jsonl");
        let open = || Cache::open(&Caching::File(path.clone())).unwrap();
        let cache = open();
        cache.put("a".to_owned(), &reply("line\nbreak"));
        cache.put("b".to_owned(), &reply("two"));
        drop(cache);
        let bytes = std::fs::read(&path).unwrap();
        std::fs::write(&path, &bytes[..bytes.len() - 3]).unwrap();
        let cache = open();
        assert!(cache.get("b").is_none());
        cache.put("c".to_owned(), &reply("three"));
        drop(cache);
        let cache = open();
        let hit = cache.get("a").unwrap();
        assert_eq!(
            (hit.text.as_str(), hit.usage.prompt_tokens),
            ("line\nbreak", 5)
        );
        assert_eq!((hit.usage.cost_usd, hit.usage.cache_hit), (Some(0.0), true));
        assert_eq!(cache.get("c").unwrap().text, "three");
    }

    #[test]
    fn nothing_is_kept_when_off() {
        let off = Cache::open(&Caching::Off).unwrap();
        off.put("a".to_owned(), &reply("x"));
        assert!(off.get("a").is_none() && !off.is_on());
        let on = Cache::open(&Caching::Memory).unwrap();
        on.put("a".to_owned(), &reply("x"));
        assert!(on.get("a").is_some());
    }
}
