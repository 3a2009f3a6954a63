import { Button } from "@mantine/core";
import { useI18n } from "~/i18n";
import { Code } from "~/ui/Code";
import { Notice } from "~/ui/Notice";

/** A webhook's signing secret, which is shown this once. */
export function SecretOnce({ secret, onDone }: { secret: string; onDone: () => void }) {
  const { t } = useI18n();
  return (
    <div className="stack">
      <Notice tone="warn">{t("webhooks.secretOnce")}</Notice>
      <Code text={secret} label={t("webhooks.secret")} />
      <div>
        <Button onClick={onDone}>{t("common.done")}</Button>
      </div>
    </div>
  );
}
