//! The language a peer says it is written in: `JAVA` in a JSON header, 0 in a binary one.

/// The language of a peer. What is not known is taken as [`Other`](Language::Other), as refusing it would break clients.
#[repr(u8)]
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Language {
    /// `JAVA`
    #[default]
    Java = 0,
    /// `CPP`
    Cpp = 1,
    /// `DOTNET`
    Dotnet = 2,
    /// `PYTHON`
    Python = 3,
    /// `DELPHI`
    Delphi = 4,
    /// `ERLANG`
    Erlang = 5,
    /// `RUBY`
    Ruby = 6,
    /// `OTHER`
    Other = 7,
    /// `HTTP`
    Http = 8,
    /// `GO`
    Go = 9,
    /// `PHP`
    Php = 10,
    /// `OMS`
    Oms = 11,
    /// `RUST`
    Rust = 12,
}

const NAMES: [(Language, &str); 13] = [
    (Language::Java, "JAVA"),
    (Language::Cpp, "CPP"),
    (Language::Dotnet, "DOTNET"),
    (Language::Python, "PYTHON"),
    (Language::Delphi, "DELPHI"),
    (Language::Erlang, "ERLANG"),
    (Language::Ruby, "RUBY"),
    (Language::Other, "OTHER"),
    (Language::Http, "HTTP"),
    (Language::Go, "GO"),
    (Language::Php, "PHP"),
    (Language::Oms, "OMS"),
    (Language::Rust, "RUST"),
];

impl Language {
    /// The language of a binary header's number.
    pub fn from_number(number: u8) -> Language {
        NAMES.get(usize::from(number)).map_or(Language::Other, |(language, _)| *language)
    }

    /// The language of a JSON header's name.
    pub fn from_name(name: &str) -> Language {
        NAMES.iter().find(|(_, known)| *known == name).map_or(Language::Other, |(language, _)| *language)
    }

    /// Its name in a JSON header and in bodies.
    pub fn name(self) -> &'static str {
        NAMES[self as usize].1
    }

    /// Its number in a binary header.
    pub fn number(self) -> u8 {
        self as u8
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_agree() {
        for (index, (language, name)) in NAMES.iter().enumerate() {
            assert_eq!(usize::from(language.number()), index);
            assert_eq!(Language::from_number(language.number()), *language);
            assert_eq!(Language::from_name(name), *language);
            assert_eq!(language.name(), *name);
        }
        assert_eq!(Language::from_name("XYZ"), Language::Other);
        assert_eq!(Language::from_number(200), Language::Other);
    }
}
