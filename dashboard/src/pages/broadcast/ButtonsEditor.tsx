import { ActionIcon, Button, Select, TextInput } from "@mantine/core";
import { Plus, X } from "lucide-react";
import type { Button as TemplateButton } from "~/api/types";
import { useI18n } from "~/i18n";
import css from "./broadcast.module.css";

const MOST = 3;
const KINDS = ["quick_reply", "cta_url", "cta_copy"] as const;
type Kind = (typeof KINDS)[number];
/** The member that holds what a button does, by its kind. */
const MEMBER = { quick_reply: "id", cta_url: "url", cta_copy: "copy_code" } as const;

interface Props {
  buttons: TemplateButton[];
  onChange: (buttons: TemplateButton[]) => void;
  /** What the server finds wrong with a field. */
  error: (field: string) => string | undefined;
}

export function ButtonsEditor({ buttons, onChange, error }: Props) {
  const { t } = useI18n();
  const change = (at: number, button: TemplateButton) =>
    onChange(buttons.map((each, index) => (index === at ? button : each)));
  return (
    <fieldset className="stack">
      <legend>{t("templates.buttons")}</legend>
      {buttons.map((button, index) => {
        const kind: Kind = button.type ?? "quick_reply";
        const member = MEMBER[kind];
        const field = `buttons[${index}]`;
        return (
          <div key={index} className={css.button}>
            <Select
              label={t("templates.kind")}
              data={KINDS.map((value) => ({ value, label: t(`buttonKind.${value}`) }))}
              value={kind}
              onChange={(value) => change(index, { type: (value ?? "quick_reply") as Kind, text: button.text })}
            />
            <TextInput
              label={t("templates.label")}
              value={button.text}
              onChange={(event) => change(index, { ...button, text: event.currentTarget.value })}
              error={error(`${field}.text`)}
              required
            />
            <TextInput
              label={t(`buttonMember.${member}`)}
              value={button[member] ?? ""}
              onChange={(event) => change(index, { ...button, [member]: event.currentTarget.value })}
              error={error(`${field}.${member}`)}
              required
            />
            <ActionIcon
              aria-label={t("templates.removeButton", { number: index + 1 })}
              onClick={() => onChange(buttons.filter((_, at) => at !== index))}
            >
              <X size={16} />
            </ActionIcon>
          </div>
        );
      })}
      <div>
        <Button
          variant="default"
          size="compact-sm"
          leftSection={<Plus size={14} />}
          disabled={buttons.length >= MOST}
          onClick={() => onChange([...buttons, { type: "quick_reply", id: "", text: "" }])}
        >
          {t("templates.addButton")}
        </Button>
      </div>
    </fieldset>
  );
}
