//! A scripted edit: lines of ours put beside a line of the kernel's source that is known by its place.

use anyhow::{Context as _, Result, bail};

/// On which side of the line the text goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Above it.
    Before,
    /// Below it.
    After,
}

/// An insertion. Nothing of the kernel's text is replaced or kept here but what is needed to find the place.
#[derive(Clone, Copy, Debug)]
pub struct Edit {
    /// What it is for.
    pub purpose: &'static str,
    /// The file, from the root of the source.
    pub file: &'static str,
    /// How the one line begins that opens the function; empty for the whole file.
    pub function: &'static str,
    /// The line without its indentation; it must stand exactly once in the function.
    pub line: &'static str,
    /// Where the text goes.
    pub side: Side,
    /// What is put there, without the indentation of the line.
    pub text: &'static str,
}

impl Edit {
    /// What lets the code of a file ask for bits of the kernel's parameter; it goes below this line.
    pub(crate) const fn names_of_bits(file: &'static str, line: &'static str) -> Edit {
        let (function, side, text) = ("", Side::After, "#include <linux/stalemap.h>");
        Edit { purpose: "the names of the bits", file, function, line, side, text }
    }

    /// Whether it puts a fault behind a bit, so that it does nothing where the bit is not set.
    pub(crate) fn is_of_a_fault(&self) -> bool {
        ["fault ", "mutant "].iter().any(|word| self.purpose.starts_with(word))
    }

    /// The source with the text in it.
    ///
    /// # Errors
    /// When the place is not there, or there is more than one: the source has changed, and the edit must be looked at.
    pub fn apply(&self, source: &str) -> Result<String> {
        let at = self.place(source).with_context(|| {
            format!("{}: the source has changed: no place for the edit \"{}\"", self.file, self.purpose)
        })?;
        let mut edited = String::with_capacity(source.len() + self.text.len() + 16);
        for (index, line) in source.split_inclusive('\n').enumerate() {
            let indentation = &line[..line.len() - line.trim_start_matches(['\t', ' ']).len()];
            let insertion = self.text.lines().map(|text| match text {
                "" => "\n".to_string(),
                text => format!("{indentation}{text}\n"),
            });
            if index != at {
                edited.push_str(line);
            } else if self.side == Side::Before {
                edited.extend(insertion);
                edited.push_str(line);
            } else {
                edited.push_str(line);
                edited.extend(insertion);
            }
        }
        Ok(edited)
    }

    /// The index of the line.
    fn place(&self, source: &str) -> Result<usize> {
        let lines: Vec<&str> = source.lines().collect();
        let (first, last) = if self.function.is_empty() { (0, lines.len()) } else { function(&lines, self.function)? };
        let mut found = (first..last).filter(|&index| lines[index].trim() == self.line);
        match (found.next(), found.next()) {
            (Some(place), None) => Ok(place),
            (None, _) => bail!("the line `{}` is not there", self.line),
            (Some(_), Some(_)) => bail!("the line `{}` is there more than once", self.line),
        }
    }
}

/// The lines of the function whose definition begins like this, up to its closing brace.
fn function(lines: &[&str], begins: &str) -> Result<(usize, usize)> {
    // A declaration begins in the same way, but no line of its own closes it.
    let is_definition = |&start: &usize| {
        let end = lines[start..].iter().position(|line| line.ends_with(';') || *line == "{" || line.ends_with(" {"));
        end.is_some_and(|end| !lines[start + end].ends_with(';'))
    };
    let starts: Vec<usize> =
        (0..lines.len()).filter(|&index| lines[index].starts_with(begins)).filter(is_definition).collect();
    let [start] = starts[..] else {
        bail!("{} definitions begin with `{begins}`, not one", starts.len());
    };
    let length = lines[start..].iter().position(|line| *line == "}").context("the function has no end")?;
    Ok((start, start + length))
}

#[cfg(test)]
mod tests {
    use super::{Edit, Side};

    const SOURCE: &str = "int f(void);\n\nstatic int f(int a,\n\t     int b)\n{\n\tif (a)\n\t\treturn b;\n\treturn 0;\n}\n\nint g(void)\n{\n\treturn 0;\n}\n";

    fn edit(function: &'static str, line: &'static str, side: Side) -> Edit {
        Edit { purpose: "try", file: "f.c", function, line, side, text: "x();" }
    }

    #[test]
    fn the_text_is_put_beside_the_line_with_its_indentation() {
        let before = edit("static int f(", "return 0;", Side::Before).apply(SOURCE).expect("there is a place");
        assert!(before.contains("\t\treturn b;\n\tx();\n\treturn 0;\n}"), "{before}");
        let after = edit("static int f(", "return b;", Side::After).apply(SOURCE).expect("there is a place");
        assert!(after.contains("\t\treturn b;\n\t\tx();\n\treturn 0;"), "{after}");
        assert_eq!(before.lines().count(), SOURCE.lines().count() + 1);
    }

    #[test]
    fn a_line_of_another_function_is_no_place() {
        let error = edit("int g(void)", "return b;", Side::After).apply(SOURCE).expect_err("it stands in f");
        assert!(format!("{error:#}").contains("the source has changed"), "{error:#}");
    }

    #[test]
    fn a_line_that_stands_twice_is_no_place() {
        assert!(edit("", "return 0;", Side::After).apply(SOURCE).is_err());
    }

    #[test]
    fn a_declaration_is_not_taken_for_the_function() {
        let source = "static void h(void);\nstatic void h(void)\n{\n\ta;\n}\n";
        let edited = edit("static void h(", "a;", Side::Before).apply(source).expect("one definition");
        assert!(edited.ends_with("{\n\tx();\n\ta;\n}\n"), "{edited}");
    }

    #[test]
    fn a_missing_function_is_told() {
        let error = edit("int k(", "a;", Side::Before).apply(SOURCE).expect_err("no such function");
        assert!(format!("{error:#}").contains("0 definitions begin with `int k(`"), "{error:#}");
    }
}
