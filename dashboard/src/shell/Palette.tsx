import { Modal, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { FileText, type LucideIcon, MessageSquare, Plus, Search, Smartphone } from "lucide-react";
import { type KeyboardEvent as KeyPress, useEffect, useMemo, useState } from "react";
import { conversationsQuery, devicesQuery, templatesQuery } from "~/api/queries";
import { rows } from "~/api/query";
import { grouped } from "~/domain/address";
import { useI18n } from "~/i18n";
import ui from "~/ui/ui.module.css";
import { PLACES } from "./nav";
import { useSession } from "./session";

interface Found {
  id: string;
  name: string;
  about: string;
  icon: LucideIcon;
  go: () => void;
}

interface Props {
  opened: boolean;
  setOpened: (opened: boolean) => void;
}

/** Finds a page, an action, a device, a template, a contact or a job id. */
export function Palette({ opened, setOpened }: Props) {
  const { t } = useI18n();
  const [text, setText] = useState("");
  const [at, setAt] = useState(0);
  const found = useFound(text.trim(), opened);

  useEffect(() => {
    function press(event: KeyboardEvent) {
      if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      setOpened(true);
    }
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, [setOpened]);

  function close() {
    setOpened(false);
    setText("");
    setAt(0);
  }
  function press(event: KeyPress) {
    if (event.key === "ArrowDown") setAt((now) => Math.min(now + 1, found.length - 1));
    else if (event.key === "ArrowUp") setAt((now) => Math.max(now - 1, 0));
    else if (event.key === "Enter") {
      found[at]?.go();
      close();
    } else return;
    event.preventDefault();
  }
  return (
    <Modal opened={opened} onClose={close} withCloseButton={false} centered={false} size="lg" title={t("palette.open")}>
      <TextInput
        value={text}
        onChange={(event) => {
          setText(event.currentTarget.value);
          setAt(0);
        }}
        onKeyDown={press}
        leftSection={<Search size={15} />}
        placeholder={t("palette.placeholder")}
        aria-label={t("palette.placeholder")}
        role="combobox"
        aria-expanded
        aria-controls="palette-found"
        aria-activedescendant={found[at] ? `found-${found[at].id}` : undefined}
        data-autofocus
      />
      <div className={ui.palette} id="palette-found" role="listbox" aria-label={t("palette.open")}>
        {found.map((each, index) => (
          <button
            type="button"
            key={each.id}
            id={`found-${each.id}`}
            role="option"
            aria-selected={index === at}
            tabIndex={-1}
            className={ui.paletteItem}
            onMouseEnter={() => setAt(index)}
            onClick={() => {
              each.go();
              close();
            }}
          >
            <each.icon size={15} aria-hidden /> <span className="grow cut">{each.name}</span>
            <span className="small dim">{each.about}</span>
          </button>
        ))}
      </div>
      {found.length === 0 && <p className="dim">{t("palette.nothing")}</p>}
    </Modal>
  );
}

const MOST = 12;

function useFound(text: string, opened: boolean): Found[] {
  const { t } = useI18n();
  const navigate = useNavigate();
  const { permissions } = useSession();
  const [search] = useDebouncedValue(text, 200);
  const devices = useQuery({ ...devicesQuery, enabled: opened && permissions.includes("devices") });
  const templates = useQuery({ ...templatesQuery, enabled: opened && permissions.includes("settings") });
  const people = useInfiniteQuery({
    ...conversationsQuery({ search }),
    enabled: opened && search.length >= 2 && permissions.includes("conversations"),
  });

  return useMemo(() => {
    const all: Found[] = PLACES.filter((place) => permissions.includes(place.part)).map((place) => ({
      id: `page-${place.key}`,
      name: t(place.name),
      about: t("palette.page"),
      icon: place.icon,
      go: () => void navigate({ to: place.to }),
    }));
    const action = (id: string, name: string, go: () => void) =>
      all.push({ id, name, about: t("palette.action"), icon: Plus, go });
    if (permissions.includes("devices"))
      action("add-device", t("devices.add"), () => void navigate({ to: "/devices/new" }));
    if (permissions.includes("settings"))
      action(
        "add-template",
        t("templates.add"),
        () => void navigate({ to: "/broadcast/templates/$id", params: { id: "new" } }),
      );
    for (const { id, name } of devices.data ?? [])
      all.push({
        id,
        name,
        about: t("nav.devices"),
        icon: Smartphone,
        go: () => void navigate({ to: "/devices/$id", params: { id } }),
      });
    for (const { id, name } of templates.data ?? [])
      all.push({
        id: `template-${id}`,
        name,
        about: t("templates.one"),
        icon: FileText,
        go: () => void navigate({ to: "/broadcast/templates/$id", params: { id: String(id) } }),
      });

    const words = text.toLowerCase();
    const found = all.filter((each) => each.name.toLowerCase().includes(words));
    for (const { id, channel, contact } of rows(people.data))
      found.push({
        id,
        name: contact.name ?? grouped(contact.address, channel),
        about: grouped(contact.address, channel),
        icon: MessageSquare,
        go: () => void navigate({ to: "/inbox/$id", params: { id }, search: {} }),
      });
    if (/^job_\w+/.test(text))
      found.unshift({
        id: "job",
        name: text,
        about: t("log.job"),
        icon: FileText,
        go: () => void navigate({ to: "/developers/messages", search: { job: text } }),
      });
    return found.slice(0, MOST);
  }, [text, permissions, devices.data, templates.data, people.data, navigate, t]);
}
