import { Button, Modal, TextInput } from "@mantine/core";
import { type FormEvent, type ReactNode, useState } from "react";
import { useI18n } from "~/i18n";

interface Props {
  opened: boolean;
  onClose: () => void;
  title: string;
  /** What will happen, in words. */
  children: ReactNode;
  action: string;
  /** What must be typed first, where it cannot be undone. */
  typed?: string;
  onConfirm: () => void;
}

/** Asks before something destructive. */
export function Confirm({ opened, onClose, title, children, action, typed, onConfirm }: Props) {
  const { t } = useI18n();
  const [text, setText] = useState("");
  const ready = typed === undefined || text.trim() === typed.trim();

  function close() {
    setText("");
    onClose();
  }
  function submit(event: FormEvent) {
    event.preventDefault();
    if (!ready) return;
    // First what was confirmed: to whoever waits for the answer, closing alone means no.
    onConfirm();
    close();
  }
  return (
    <Modal opened={opened} onClose={close} title={title} closeButtonProps={{ "aria-label": t("common.close") }}>
      <form className="stack" onSubmit={submit}>
        <div>{children}</div>
        {typed !== undefined && (
          <TextInput
            label={t("common.typeToConfirm", { name: typed })}
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
            data-autofocus
          />
        )}
        <div className="row wrap">
          <Button type="submit" color="red" disabled={!ready}>
            {action}
          </Button>
          <Button variant="default" onClick={close}>
            {t("common.cancel")}
          </Button>
        </div>
      </form>
    </Modal>
  );
}
