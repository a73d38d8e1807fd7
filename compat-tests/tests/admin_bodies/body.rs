//! Bodies as fastjson writes them, brought into a form in which two of them can be compared.
//!
//! Fastjson writes maps whose keys are objects or bare numbers, which no JSON parser reads: this one does. What differs
//! from run to run (times, ports, message ids) becomes a word; sets become sorted.

use std::collections::BTreeMap;

/// A JSON value; keys of objects are in the text form of whatever they are.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Json {
    Word(String),
    Text(String),
    List(Vec<Json>),
    Map(BTreeMap<String, Json>),
}

/// Reads a body; anything that is not JSON is one text.
pub(crate) fn parse(text: &str) -> Json {
    let mut reader = Reader { rest: text };
    match reader.value() {
        Some(value) if reader.rest.trim().is_empty() => value,
        _ => Json::Text(text.to_owned()),
    }
}

struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    fn take(&mut self, wanted: char) -> bool {
        self.rest = self.rest.trim_start();
        let Some(after) = self.rest.strip_prefix(wanted) else { return false };
        self.rest = after;
        true
    }

    fn value(&mut self) -> Option<Json> {
        self.rest = self.rest.trim_start();
        match self.rest.chars().next()? {
            '{' => self.map(),
            '[' => self.list(),
            '"' => self.text(),
            _ => {
                let end = self.rest.find([',', ':', '}', ']']).unwrap_or(self.rest.len());
                let (word, rest) = self.rest.split_at(end);
                self.rest = rest;
                (!word.is_empty()).then(|| Json::Word(word.trim().to_owned()))
            }
        }
    }

    fn map(&mut self) -> Option<Json> {
        let mut map = BTreeMap::new();
        self.take('{');
        while !self.take('}') {
            let key = self.value()?;
            if !self.take(':') {
                return None;
            }
            map.insert(key.show(), self.value()?);
            self.take(',');
        }
        Some(Json::Map(map))
    }

    fn list(&mut self) -> Option<Json> {
        let mut list = Vec::new();
        self.take('[');
        while !self.take(']') {
            list.push(self.value()?);
            self.take(',');
        }
        Some(Json::List(list))
    }

    fn text(&mut self) -> Option<Json> {
        let mut ends = serde_json::Deserializer::from_str(self.rest).into_iter::<String>();
        let text = ends.next()?.ok()?;
        self.rest = &self.rest[ends.byte_offset()..];
        Some(Json::Text(text))
    }
}

impl Json {
    fn show(&self) -> String {
        match self {
            Json::Word(text) | Json::Text(text) => text.clone(),
            Json::List(list) => format!("[{}]", list.iter().map(Json::show).collect::<Vec<_>>().join(",")),
            Json::Map(map) => {
                let entries: Vec<_> = map.iter().map(|(key, value)| format!("{key}:{}", value.show())).collect();
                format!("{{{}}}", entries.join(","))
            }
        }
    }

    /// One line for each leaf: where it is and what it says.
    pub(crate) fn lines(&self, at: &str, lines: &mut BTreeMap<String, String>) {
        match self {
            Json::Word(text) => drop(lines.insert(at.to_owned(), text.clone())),
            Json::Text(text) => drop(lines.insert(at.to_owned(), format!("{text:?}"))),
            Json::List(list) if list.is_empty() => drop(lines.insert(at.to_owned(), "[]".to_owned())),
            Json::Map(map) if map.is_empty() => drop(lines.insert(at.to_owned(), "{}".to_owned())),
            // A set of names: one that is missing must not move the others.
            Json::List(list) if list.iter().all(|item| matches!(item, Json::Text(_))) => {
                lines.extend(list.iter().map(|item| (format!("{at}/{}", item.show()), "there".to_owned())));
            }
            Json::List(list) => list.iter().enumerate().for_each(|(n, item)| item.lines(&format!("{at}/{n}"), lines)),
            Json::Map(map) => map.iter().for_each(|(key, value)| value.lines(&format!("{at}/{key}"), lines)),
        }
    }

    /// Times, ports and measured speeds as words, and lists in order: most are Java's sets.
    pub(crate) fn masked(&self, mask: &Mask) -> Json {
        self.masked_at("", mask)
    }

    fn masked_at(&self, key: &str, mask: &Mask) -> Json {
        match self {
            Json::Word(word) => Json::Word(mask.word(key, word)),
            // Some fields hold JSON as text.
            Json::Text(text) if text.starts_with('{') => match parse(text) {
                Json::Text(text) => Json::Text(mask.text(key, &text)),
                inner => inner.masked_at(key, mask),
            },
            Json::Text(text) => Json::Text(mask.text(key, text)),
            Json::List(list) => {
                let mut list: Vec<_> = list.iter().map(|item| item.masked_at(key, mask)).collect();
                list.sort();
                Json::List(list)
            }
            Json::Map(map) => {
                Json::Map(map.iter().map(|(key, value)| (mask.text("", key), value.masked_at(key, mask))).collect())
            }
        }
    }
}

/// What a server's answers hold that belongs to this run alone.
pub(crate) struct Mask {
    /// Texts and the words that stand for them, the longest first.
    pub(crate) words: Vec<(String, String)>,
}

impl Mask {
    fn word(&self, key: &str, word: &str) -> String {
        let measured = ["consumeTps", "tps", "delayTime", "version"].contains(&key);
        match word.parse::<f64>() {
            Ok(number) if (1.6e12..3e12).contains(&number) => "<time>".to_owned(),
            Ok(_) if measured => "<number>".to_owned(),
            _ => word.to_owned(),
        }
    }

    fn text(&self, key: &str, text: &str) -> String {
        let text = self.words.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to));
        if key == "clientAddr" || key == "remoteIP" {
            return port_masked(&text);
        }
        let is_time = text.len() == 13 && text.parse::<u64>().is_ok_and(|time| time > 1_600_000_000_000);
        let is_date = text.len() == 23 && text.as_bytes()[10] == b'#';
        if is_time || is_date { "<time>".to_owned() } else { text }
    }
}

fn port_masked(address: &str) -> String {
    address.rsplit_once(':').map_or_else(|| address.to_owned(), |(host, _)| format!("{host}:<port>"))
}

/// Every number as one sign: two texts of the same shape are equal then.
pub(crate) fn shape(text: &str) -> String {
    let mut shape = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if !first.is_ascii_digit() {
            shape.push(first);
            rest = &rest[first.len_utf8()..];
            continue;
        }
        shape.push('#');
        let exponent = |text: &str| text.starts_with("E-") || text.starts_with('E');
        rest = rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
        if exponent(rest) {
            rest = rest[1..].trim_start_matches(|c: char| c.is_ascii_digit() || c == '-');
        }
    }
    shape
}
