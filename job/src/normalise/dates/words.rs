//! Names of months, weekdays and times in the languages that are understood, without accents, in lower case. Pure.

use jiff::civil::Weekday;

/// Month names and abbreviations in English, German, French, Spanish, Italian, Dutch and Portuguese, from January.
const MONTHS: [&str; 12] = [
    "jan january janvier janv januar jaenner janner enero ene gennaio gen januari janeiro",
    "feb february febr fevrier fevr fev februar feber febrero febbraio februari fevereiro",
    "mar march mars marz maerz mrz marzo maart mrt marco",
    "apr april avril avr abril abr aprile",
    "may mai mayo maggio mag mei maio",
    "jun june juin juni junio giugno giu junho",
    "jul july juil juillet juli julio luglio lug julho",
    "aug august aout agosto ago augustus",
    "sep sept september septembre septiembre setiembre settembre sett set setembro",
    "oct october octobre okt oktober octubre ottobre ott outubro out",
    "nov november novembre noviembre novembro",
    "dec december decembre dez dezember diciembre dic dicembre desember dezembro",
];

/// Weekday names from Monday.
const WEEKDAYS: [&str; 7] = [
    "mon monday montag lundi lunes lunedi maandag segunda",
    "tue tues tuesday dienstag mardi martes martedi dinsdag terca",
    "wed weds wednesday mittwoch mercredi miercoles mercoledi woensdag quarta",
    "thu thur thurs thursday donnerstag jeudi jueves giovedi donderdag quinta",
    "fri friday freitag vendredi viernes venerdi vrijdag sexta",
    "sat saturday samstag sonnabend samedi sabado sabato zaterdag",
    "sun sunday sonntag dimanche domingo domenica zondag",
];

/// Short weekday names that are also words of other kinds: they count only right before a date.
const WEAK_WEEKDAYS: [&str; 7] = [
    "mo lun ma seg",
    "di mar ter",
    "mi mer mie wo qua",
    "do jeu jue gio don qui",
    "fr ven vie vr sex",
    "sa sam sab za",
    "so dim dom zo",
];

/// Month abbreviations that are also words of other kinds: they count only right after a day.
const WEAK_MONTHS: &str = "ago set out gen mag";

fn position(table: &[&str], word: &str) -> Option<usize> {
    table.iter().position(|row| contains(row, word))
}

fn contains(row: &str, word: &str) -> bool {
    !word.is_empty() && row.split(' ').any(|name| name == word)
}

/// Number of the month, 1 to 12.
pub(super) fn month(word: &str) -> Option<i8> {
    position(&MONTHS, word).and_then(|at| i8::try_from(at + 1).ok())
}

/// Whether a month's name is also another word.
pub(super) fn is_weak_month(word: &str) -> bool {
    contains(WEAK_MONTHS, word)
}

/// The weekday of a name that is nothing else.
pub(super) fn weekday(word: &str) -> Option<Weekday> {
    from_monday(position(&WEEKDAYS, word)?)
}

/// The weekday of a short name that counts only right before a date.
pub(super) fn weak_weekday(word: &str) -> Option<Weekday> {
    from_monday(position(&WEAK_WEEKDAYS, word)?)
}

fn from_monday(at: usize) -> Option<Weekday> {
    Weekday::from_monday_zero_offset(i8::try_from(at).ok()?).ok()
}

/// Noon and midnight as hours.
pub(super) fn named_hour(word: &str) -> Option<i8> {
    match word {
        "noon" | "midday" | "mittag" | "mittags" | "midi" | "mediodia" | "mezzogiorno" | "middag" => Some(12),
        "midnight" | "mitternacht" | "minuit" | "medianoche" | "mezzanotte" | "middernacht" => Some(0),
        _ => None,
    }
}

/// A word that says which moment of an event a time is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Label {
    /// Doors open.
    Doors,
    /// The event itself begins.
    Show,
    /// Something else that happens, such as a box office: its time is not the event's.
    Other,
}

/// What a word says about a time beside it.
pub(super) fn label(word: &str) -> Option<Label> {
    Some(match word {
        "doors" | "door" | "einlass" | "turen" | "portes" | "puertas" | "porte" | "deuren" | "portas" => {
            Label::Doors
        }
        "show" | "shows" | "showtime" | "showtimes" | "start" | "starts" | "starting" | "begin"
        | "begins" | "beginn" | "music" | "concert" | "performance" | "curtain" | "debut" | "inizio"
        | "aanvang" | "inicio" | "set" | "screening" | "kickoff" => Label::Show,
        "preshow" | "afterparty" | "aftershow" | "dinner" | "lunch" | "brunch" | "office" | "sale"
        | "presale" | "hour" | "reception" | "lesson" | "lessons" | "checkin" | "soundcheck" | "kitchen" => {
            Label::Other
        }
        _ => return None,
    })
}

/// Words between the two ends of a range.
pub(super) fn is_to(word: &str) -> bool {
    matches!(word, "to" | "bis" | "al" | "tot" | "ate" | "au" | "a")
}

/// Words before the end of a range that also stand without its start.
pub(super) fn is_until(word: &str) -> bool {
    matches!(
        word,
        "through"
            | "thru"
            | "until"
            | "till"
            | "til"
            | "jusqu"
            | "hasta"
            | "fino"
            | "closes"
            | "closing"
            | "ending"
            | "ends"
            | "end"
            | "curfew"
            | "ende"
            | "einde"
    )
}

/// Words right before an hour.
pub(super) fn is_before_hour(word: &str) -> bool {
    matches!(
        word,
        "um" | "ore" | "alle" | "kl" | "klo" | "hora" | "horas" | "heure" | "uhrzeit" | "orario"
    )
}

/// Words of languages that write the day before the month.
pub(super) fn is_day_first_language(word: &str) -> bool {
    const ENGLISH: &str = "mon monday tue tues tuesday wed weds wednesday thu thur thurs thursday fri friday sat saturday \
                           sun sunday jan feb mar apr may jun jul aug sep sept oct nov dec january february march april \
                           june july august september october november december";
    (weekday(word).is_some() || month(word).is_some() && word.len() > 3) && !contains(ENGLISH, word)
        || matches!(
            word,
            "uhr" | "uur" | "einlass" | "beginn" | "ore" | "hs" | "heures" | "horas" | "bis" | "aanvang"
        )
}

/// Words that join the members of a list.
pub(super) fn is_and(word: &str) -> bool {
    matches!(
        word,
        "and" | "und" | "et" | "y" | "e" | "en" | "or" | "plus" | "o" | "ou" | "oder"
    )
}

/// Words that say that something happens again and again.
pub(super) fn is_repetition(word: &str) -> bool {
    let is_plural = |singular: &str| weekday(singular).is_some() && singular.len() > 4;
    matches!(
        word,
        "every"
            | "each"
            | "weekly"
            | "biweekly"
            | "monthly"
            | "daily"
            | "jeden"
            | "jede"
            | "taglich"
            | "wochentlich"
            | "tous"
            | "toutes"
            | "chaque"
            | "todos"
            | "cada"
            | "ogni"
            | "elke"
            | "iedere"
    ) || word.strip_suffix('s').is_some_and(is_plural)
}

/// Words before a date that no longer counts.
pub(super) fn is_formerly(word: &str) -> bool {
    matches!(
        word,
        "originally"
            | "previously"
            | "formerly"
            | "orig"
            | "ursprunglich"
            | "initialement"
            | "oorspronkelijk"
    )
}

/// Words that, with "from", stand before a date that no longer counts.
pub(super) fn is_moved(word: &str) -> bool {
    matches!(
        word,
        "rescheduled" | "postponed" | "moved" | "verschoben" | "reporte" | "reprogramado" | "aplazado"
    )
}

/// Words in place of an end time.
pub(super) fn is_open_end(word: &str) -> bool {
    matches!(
        word,
        "late" | "close" | "closing" | "sunrise" | "dawn" | "whenever" | "open" | "ende" | "sellout"
    )
}

/// Words between a label and its time, or between a weekday and its date.
pub(super) fn is_filler(word: &str) -> bool {
    matches!(
        word,
        "at" | "from"
            | "the"
            | "on"
            | "of"
            | "um"
            | "ab"
            | "von"
            | "am"
            | "den"
            | "der"
            | "le"
            | "a"
            | "alle"
            | "las"
            | "del"
            | "de"
            | "el"
            | "il"
            | "op"
            | "om"
            | "van"
            | "em"
            | "das"
            | "as"
            | "open"
            | "opens"
            | "time"
            | "times"
            | "is"
            | "are"
            | "begins"
            | "starts"
            | "starting"
            | "begin"
            | "start"
            | "beginning"
            | "approx"
            | "promptly"
    )
}

/// Words after a number that say it counts something and is no day.
pub(super) fn is_counted(word: &str) -> bool {
    matches!(
        word,
        "over"
            | "up"
            | "older"
            | "yr"
            | "yrs"
            | "years"
            | "year"
            | "min"
            | "mins"
            | "minutes"
            | "hours"
            | "hrs"
            | "bands"
            | "seats"
            | "tickets"
            | "left"
            | "people"
            | "days"
            | "weeks"
            | "acts"
            | "dollars"
            | "usd"
            | "eur"
            | "more"
            | "films"
            | "artists"
            | "spots"
            | "participants"
            | "shows"
            | "events"
    )
}

/// IANA zone of an abbreviation in capitals after a time.
pub(super) fn zone(word: &str) -> Option<&'static str> {
    Some(match word {
        "pt" | "pst" | "pdt" => "America/Los_Angeles",
        "mt" | "mst" | "mdt" => "America/Denver",
        "ct" | "cst" | "cdt" => "America/Chicago",
        "et" | "est" | "edt" => "America/New_York",
        "utc" | "gmt" | "z" => "UTC",
        "bst" => "Europe/London",
        "cet" | "cest" | "mez" | "mesz" => "Europe/Berlin",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_and_weekdays_of_seven_languages_are_known() {
        for (word, expected) in [
            ("sept", 9),
            ("marz", 3),
            ("aout", 8),
            ("dic", 12),
            ("giugno", 6),
            ("mei", 5),
            ("outubro", 10),
        ] {
            assert_eq!(month(word), Some(expected), "{word}");
        }
        for (word, expected) in [
            ("thurs", Weekday::Thursday),
            ("samstag", Weekday::Saturday),
            ("dimanche", Weekday::Sunday),
            ("miercoles", Weekday::Wednesday),
            ("venerdi", Weekday::Friday),
            ("zaterdag", Weekday::Saturday),
            ("segunda", Weekday::Monday),
        ] {
            assert_eq!(weekday(word), Some(expected), "{word}");
        }
        assert_eq!(weak_weekday("do"), Some(Weekday::Thursday));
        assert_eq!(month(""), None);
        assert_eq!(weekday("so"), None);
    }

    #[test]
    fn no_name_stands_for_two_months_or_two_weekdays() {
        let names: Vec<&str> = MONTHS.iter().flat_map(|row| row.split(' ')).collect();
        let mut unique = names.clone();
        unique.sort_unstable();
        unique.dedup();
        assert_eq!(names.len(), unique.len());
        let days: Vec<&str> = WEEKDAYS
            .iter()
            .chain(&WEAK_WEEKDAYS)
            .flat_map(|row| row.split(' '))
            .collect();
        let mut unique = days.clone();
        unique.sort_unstable();
        unique.dedup();
        assert_eq!(days.len(), unique.len());
    }
}
