//! One field of a schedule: its grammar, `H`, and the set of values it means. Pure.

/// Which field it is; the number is its place in the schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldKind {
    /// 0–59.
    Minute,
    /// 0–23.
    Hour,
    /// 1–31.
    DayOfMonth,
    /// 1–12, or names.
    Month,
    /// 0–6 from Sunday, or names.
    DayOfWeek,
}

const MONTHS: [&str; 12] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];
const WEEKDAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

impl FieldKind {
    /// Every field in the order of a schedule.
    pub const ALL: [Self; 5] = [
        Self::Minute,
        Self::Hour,
        Self::DayOfMonth,
        Self::Month,
        Self::DayOfWeek,
    ];

    /// Its name in messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::DayOfMonth => "day-of-month",
            Self::Month => "month",
            Self::DayOfWeek => "day-of-week",
        }
    }

    /// Smallest and largest value.
    pub fn range(self) -> (i8, i8) {
        match self {
            Self::Minute => (0, 59),
            Self::Hour => (0, 23),
            Self::DayOfMonth => (1, 31),
            Self::Month => (1, 12),
            Self::DayOfWeek => (0, 6),
        }
    }

    fn value_of_name(self, text: &str) -> Option<i8> {
        let (names, first): (&[&str], i8) = match self {
            Self::Month => (&MONTHS, 1),
            Self::DayOfWeek => (&WEEKDAYS, 0),
            _ => return None,
        };
        let place = names.iter().position(|name| name.eq_ignore_ascii_case(text))?;
        Some(first + i8::try_from(place).ok()?)
    }

    /// The value of a bare `H`: no hour in which clocks change, no day that a month lacks.
    fn hashed(self, seed: u32) -> i8 {
        match self {
            Self::Minute => pick(seed, 0, 59),
            Self::Hour => match pick(seed, 0, 20) {
                0 => 0,
                later => later + 3,
            },
            Self::DayOfMonth => pick(seed, 1, 28),
            Self::Month => pick(seed, 1, 12),
            Self::DayOfWeek => pick(seed, 0, 6),
        }
    }
}

/// One of `low..=high`.
fn pick(seed: u32, low: i8, high: i8) -> i8 {
    let count = u32::from((high - low).unsigned_abs()) + 1;
    low + i8::try_from(seed % count).unwrap_or(0)
}

/// A field that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    text: String,
    bits: u64,
    star: bool,
}

impl Field {
    /// Reads a field; `seed` decides `H`. The error says what is wrong and what to write instead.
    pub fn parse(kind: FieldKind, text: &str, seed: u32) -> Result<Self, String> {
        let mut field = Self {
            text: String::new(),
            bits: 0,
            star: false,
        };
        for entry in text.split(',') {
            let (entry_text, bits, star) = parse_entry(kind, entry, seed)?;
            field.bits |= bits;
            field.star |= star;
            if !field.text.is_empty() {
                field.text.push(',');
            }
            field.text.push_str(&entry_text);
        }
        Ok(field)
    }

    /// The field with `H` resolved.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether `value` is meant.
    pub fn contains(&self, value: i8) -> bool {
        u32::try_from(value).is_ok_and(|value| value < 64 && self.bits & (1 << value) != 0)
    }

    /// Every value, smallest first.
    pub fn values(&self) -> impl Iterator<Item = i8> + '_ {
        (0..64).filter(|value| self.contains(*value))
    }

    /// Whether the field is unrestricted: `*`, `?`, `*/1`.
    pub fn is_star(&self) -> bool {
        self.star
    }
}

/// Text with `H` resolved, bits, and whether it is unrestricted.
fn parse_entry(kind: FieldKind, entry: &str, seed: u32) -> Result<(String, u64, bool), String> {
    let (min, max) = kind.range();
    if entry.is_empty() {
        return Err("an entry of the list is empty: remove the extra comma".to_owned());
    }
    let (base, step) = match entry.split_once('/') {
        Some((base, step)) => (base, Some(parse_step(step)?)),
        None => (entry, None),
    };
    let stride = step.unwrap_or(1);
    if let Some(range) = base.strip_prefix('H') {
        let (low, high) = parse_hash_range(kind, base, range)?;
        let count = i64::from(high - low) + 1;
        let Some(step) = step else {
            let value = if range.is_empty() {
                kind.hashed(seed)
            } else {
                pick(seed, low, high)
            };
            return Ok((value.to_string(), bits(value, value, 1), false));
        };
        if i64::from(step) > count {
            return Err(format!(
                "the step {step} does not fit into {low}-{high}: use a step up to {count}"
            ));
        }
        let last = i8::try_from(i64::from(low) + i64::from(step) - 1).unwrap_or(high);
        let start = pick(seed, low, last);
        return Ok((format!("{start}-{high}/{step}"), bits(start, high, step), false));
    }
    if base == "*" || base == "?" {
        return Ok((entry.to_owned(), bits(min, max, stride), stride == 1));
    }
    let (low, high) = match base.split_once('-') {
        Some((low, high)) => (parse_value(kind, low)?, parse_value(kind, high)?),
        // robfig/cron: a start with a step runs to the end of the field.
        None if step.is_some() => (parse_value(kind, base)?, max),
        None => {
            let value = parse_value(kind, base)?;
            (value, value)
        }
    };
    if low > high {
        return Err(format!(
            "the range {base} runs backwards: write {base} as two entries, {low}-{max},{min}-{high}"
        ));
    }
    Ok((entry.to_owned(), bits(low, high, stride), false))
}

fn parse_hash_range(kind: FieldKind, base: &str, range: &str) -> Result<(i8, i8), String> {
    if range.is_empty() {
        return Ok(kind.range());
    }
    let inner = range.strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
    let Some((low, high)) = inner.and_then(|inner| inner.split_once('-')) else {
        return Err(format!(
            "{base} is not understood: write H, H/n, H(a-b) or H(a-b)/n"
        ));
    };
    let (low, high) = (parse_value(kind, low)?, parse_value(kind, high)?);
    if low > high {
        return Err(format!(
            "the range of {base} runs backwards: write the smaller value first"
        ));
    }
    Ok((low, high))
}

fn parse_step(text: &str) -> Result<u32, String> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse::<u32>() {
        Ok(step) if digits && step > 0 => Ok(step),
        _ => Err(format!(
            "{text:?} is not a step: write a whole number from 1 after the slash"
        )),
    }
}

fn parse_value(kind: FieldKind, text: &str) -> Result<i8, String> {
    let (min, max) = kind.range();
    if let Some(value) = kind.value_of_name(text) {
        return Ok(value);
    }
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits {
        let hint = match text {
            "h" => "write H in upper case",
            _ if text.contains(['L', 'W', '#']) => "L, W and # are not supported by Kubernetes",
            _ if kind == FieldKind::Month => "write 1-12 or jan-dec",
            _ if kind == FieldKind::DayOfWeek => "write 0-6 (0 is Sunday) or sun-sat",
            _ => {
                return Err(format!(
                    "{text:?} is not a value: write {min}-{max}, *, a range, a list, */n or H"
                ));
            }
        };
        return Err(format!("{text:?} is not a value: {hint}"));
    }
    match text.parse::<i8>() {
        Ok(value) if (min..=max).contains(&value) => Ok(value),
        _ if kind == FieldKind::DayOfWeek && text == "7" => {
            Err("7 is not a day of week: write 0 for Sunday".to_owned())
        }
        _ => Err(format!("{text} is outside {min}-{max}")),
    }
}

fn bits(low: i8, high: i8, step: u32) -> u64 {
    let step = usize::try_from(step).unwrap_or(usize::MAX);
    (low..=high)
        .step_by(step)
        .filter_map(|value| u32::try_from(value).ok())
        .fold(0, |bits, value| bits | 1 << value)
}
