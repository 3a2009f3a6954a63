import { Kbd, Modal } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { Fragment, useEffect, useState } from "react";
import { useI18n } from "~/i18n";
import type { Key } from "~/i18n/phrase";
import ui from "~/ui/ui.module.css";
import { PLACES } from "./nav";
import { useSession } from "./session";

const OPEN = "cetar:shortcuts";
const CHORD_MS = 1_200;

export function openShortcuts() {
  dispatchEvent(new Event(OPEN));
}

/** Whether a key press is meant for a field and not for the page. */
export function typing(event: KeyboardEvent): boolean {
  if (event.ctrlKey || event.metaKey || event.altKey) return true;
  const at = event.target;
  return at instanceof HTMLElement && (at.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(at.tagName));
}

const OTHERS: readonly [string[], Key][] = [
  [["Ctrl", "K"], "shortcuts.find"],
  [["j", "k"], "shortcuts.move"],
  [["/"], "shortcuts.template"],
  [["Enter"], "shortcuts.send"],
  [["?"], "shortcuts.all"],
];

/** `g` and a letter go to a page; `?` shows all keys. */
export function Shortcuts() {
  const { t } = useI18n();
  const navigate = useNavigate();
  const { permissions } = useSession();
  const [opened, setOpened] = useState(false);

  useEffect(() => {
    let since = 0;
    function press(event: KeyboardEvent) {
      if (typing(event)) return;
      const place = PLACES.find((each) => each.key === event.key && permissions.includes(each.part));
      if (place && event.timeStamp - since < CHORD_MS) {
        event.preventDefault();
        void navigate({ to: place.to });
      }
      since = event.key === "g" ? event.timeStamp : 0;
      if (event.key === "?") setOpened(true);
    }
    const show = () => setOpened(true);
    addEventListener("keydown", press);
    addEventListener(OPEN, show);
    return () => {
      removeEventListener("keydown", press);
      removeEventListener(OPEN, show);
    };
  }, [navigate, permissions]);

  return (
    <Modal
      opened={opened}
      onClose={() => setOpened(false)}
      title={t("nav.shortcuts")}
      closeButtonProps={{ "aria-label": t("common.close") }}
    >
      <div className={ui.keys}>
        {PLACES.filter((place) => permissions.includes(place.part)).map((place) => (
          <Fragment key={place.to}>
            <span className="row tight">
              <Kbd>g</Kbd> <Kbd>{place.key}</Kbd>
            </span>
            {t(place.name)}
          </Fragment>
        ))}
        {OTHERS.map(([keys, about]) => (
          <Fragment key={about}>
            <span className="row tight">
              {keys.map((key) => (
                <Kbd key={key}>{key}</Kbd>
              ))}
            </span>
            {t(about)}
          </Fragment>
        ))}
      </div>
    </Modal>
  );
}
