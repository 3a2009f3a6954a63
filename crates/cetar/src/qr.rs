//! A QR in characters: two modules a character, so that it is square and as small as a terminal allows.

use anyhow::Context as _;
use qrcode::{Color, EcLevel, QrCode};

/// Modules of light around it; the standard wants four, phones are content with two.
const QUIET: usize = 2;

/// For a terminal whatever its colors: black on white, said outright.
pub(crate) fn colored(data: &str) -> anyhow::Result<String> {
    let lines = draw(data, |top, bottom| match (top, bottom) {
        (Color::Dark, Color::Dark) => '█',
        (Color::Dark, Color::Light) => '▀',
        (Color::Light, Color::Dark) => '▄',
        (Color::Light, Color::Light) => ' ',
    })?;
    Ok(lines.iter().map(|line| format!("\x1b[30;107m{line}\x1b[0m")).collect::<Vec<_>>().join("\n"))
}

/// Without colors: what is light is drawn, as most terminals and log viewers are dark.
pub(crate) fn plain(data: &str) -> anyhow::Result<String> {
    let lines = draw(data, |top, bottom| match (top, bottom) {
        (Color::Dark, Color::Dark) => ' ',
        (Color::Dark, Color::Light) => '▄',
        (Color::Light, Color::Dark) => '▀',
        (Color::Light, Color::Light) => '█',
    })?;
    Ok(lines.join("\n"))
}

fn draw(data: &str, character: impl Fn(Color, Color) -> char) -> anyhow::Result<Vec<String>> {
    // The lowest error correction: a screen is not smudged, and the picture must fit it.
    let code = QrCode::with_error_correction_level(data, EcLevel::L).context("the QR's text is too long")?;
    let (width, side) = (code.width(), code.width() + 2 * QUIET);
    let module = |x: usize, y: usize| {
        let inside = (QUIET..QUIET + width).contains(&x) && (QUIET..QUIET + width).contains(&y);
        if inside { code[(x - QUIET, y - QUIET)] } else { Color::Light }
    };
    let line = |y: usize| (0..side).map(|x| character(module(x, y), module(x, y + 1))).collect();
    Ok((0..side).step_by(2).map(line).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text of a WhatsApp QR: a reference and four keys.
    const TEXT: &str = "2@AbCdEfGhIjKlMnOpQrStUvWxYz0123456789AbCdEfGhIjKlMnOpQrStUvWxYz0123456789AbCdEfGhIjKlMnOp,\
        AbCdEfGhIjKlMnOpQrStUvWxYz0123456789AbCdEfg=,AbCdEfGhIjKlMnOpQrStUvWxYz0123456789AbCdEfg=,\
        AbCdEfGhIjKlMnOpQrStUvWxYz0123456789AbCdEfg=";

    #[test]
    fn whatsapps_fits_a_terminal_of_eighty_columns() {
        let picture = plain(TEXT).unwrap();
        let widest = picture.lines().map(|line| line.chars().count()).max().unwrap();
        assert!(widest <= 80, "{widest} columns");
        assert!(picture.lines().count() <= 40);
    }

    #[test]
    fn both_pictures_show_the_same_modules() {
        let invert = |c: char| match c {
            '█' => ' ',
            ' ' => '█',
            '▀' => '▄',
            '▄' => '▀',
            other => other,
        };
        let colored = colored("cetar").unwrap().replace("\x1b[30;107m", "").replace("\x1b[0m", "");
        assert_eq!(plain("cetar").unwrap().chars().map(invert).collect::<String>(), colored);
    }
}
