import { Drawer } from "@mantine/core";
import type { ReactNode } from "react";
import { useI18n } from "~/i18n";

interface Props {
  title: string;
  opened: boolean;
  onClose: () => void;
  wide?: boolean;
  children: ReactNode;
}

/** What one row of a list is, beside the list. */
export function SidePanel({ title, opened, onClose, wide = false, children }: Props) {
  const { t } = useI18n();
  return (
    <Drawer
      opened={opened}
      onClose={onClose}
      title={title}
      size={wide ? "xl" : "lg"}
      closeButtonProps={{ "aria-label": t("common.close") }}
    >
      <div className="stack">{children}</div>
    </Drawer>
  );
}
