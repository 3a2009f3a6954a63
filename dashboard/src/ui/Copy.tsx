import { Tooltip } from "@mantine/core";
import { useClipboard } from "@mantine/hooks";
import { Check, Copy as CopyIcon } from "lucide-react";
import { useI18n } from "~/i18n";
import css from "./ui.module.css";

/** An id or a code that one click copies. `text` is what is copied, `shown` what is read. */
export function Copy({ text, shown = text, label }: { text: string; shown?: string; label?: string }) {
  const { t } = useI18n();
  const clipboard = useClipboard({ timeout: 1_500 });
  const Icon = clipboard.copied ? Check : CopyIcon;
  const name = clipboard.copied ? t("common.copied") : (label ?? t("common.copy"));
  return (
    <Tooltip label={name}>
      <button type="button" className={css.copy} onClick={() => clipboard.copy(text)} aria-label={`${name}: ${shown}`}>
        <code className="cut">{shown}</code>
        <Icon size={13} aria-hidden />
      </button>
    </Tooltip>
  );
}
