import { ActionIcon, Tooltip } from "@mantine/core";
import { useClipboard } from "@mantine/hooks";
import { Check, Copy } from "lucide-react";
import { useI18n } from "~/i18n";
import css from "./ui.module.css";

/** A block of code or JSON with a button that copies it. */
export function Code({ text, label }: { text: string; label: string }) {
  const { t } = useI18n();
  const clipboard = useClipboard({ timeout: 1_500 });
  const name = clipboard.copied ? t("common.copied") : t("common.copy");
  return (
    <div className={css.code}>
      <pre tabIndex={0} role="region" aria-label={label}>
        {text}
      </pre>
      <Tooltip label={name}>
        <ActionIcon
          className={css.codeCopy}
          variant="default"
          size="md"
          onClick={() => clipboard.copy(text)}
          aria-label={`${name}: ${label}`}
        >
          {clipboard.copied ? <Check size={14} /> : <Copy size={14} />}
        </ActionIcon>
      </Tooltip>
    </div>
  );
}

/** JSON as people read it; anything else as it came. */
export function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
