import type { components } from "~/api/schema";
import { useI18n } from "~/i18n";
import { Facts } from "~/ui/Facts";

/** The endings that people know of media types whose names say little. */
const KNOWN: Record<string, string> = {
  "application/msword": "doc",
  "application/vnd.ms-excel": "xls",
  "application/vnd.ms-powerpoint": "ppt",
  "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
  "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
  "application/vnd.openxmlformats-officedocument.presentationml.presentation": "pptx",
  "application/vnd.oasis.opendocument.text": "odt",
  "application/vnd.oasis.opendocument.spreadsheet": "ods",
  "application/vnd.oasis.opendocument.presentation": "odp",
  "application/epub+zip": "epub",
  "text/plain": "txt",
  "audio/mpeg": "mp3",
  "audio/x-wav": "wav",
};

function kind(type: string): string {
  return KNOWN[type] ?? type.split("/")[1] ?? type;
}

/** What a device can send, as the network limits it. */
export function Abilities({ abilities }: { abilities: components["schemas"]["Capabilities"] }) {
  const { t, format } = useI18n();
  const { buttons } = abilities;
  return (
    <section className="card stack">
      <h2>{t("devices.abilities")}</h2>
      <Facts
        facts={[
          [t("devices.types"), abilities.types.map((type) => t(`type.${type}`)).join(", ")],
          [t("devices.textLength"), t("devices.characters", { count: format.number(abilities.text.max) })],
          ...abilities.media.map((medium): [string, string] => [
            t(`type.${medium.type}`),
            `${medium.content_types.map(kind).join(", ")} · ${format.bytes(medium.max_bytes)}`,
          ]),
          buttons !== null && [t("type.button"), t("devices.buttons", { count: buttons.max })],
          [t("devices.checkNumber"), abilities.check_number ? t("common.yes") : t("common.no")],
        ]}
      />
    </section>
  );
}
