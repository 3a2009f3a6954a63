import { Button, Menu } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { UserRound } from "lucide-react";
import { answer, api } from "~/api/client";
import { usersQuery } from "~/api/queries";
import type { Conversation } from "~/api/types";
import { useI18n } from "~/i18n";
import { useMay, useSession } from "~/shell/session";
import { useAct } from "~/ui/useAct";

/** Who answers. An agent takes and gives back; who may see the people can choose anybody. */
export function Assign({ conversation }: { conversation: Conversation }) {
  const { t } = useI18n();
  const { user } = useSession();
  const users = useQuery({ ...usersQuery, enabled: useMay("users") });
  const assign = useAct(
    (user_id: string | null) =>
      answer(
        api.POST("/v1/conversations/{id}/assign", { params: { path: { id: conversation.id } }, body: { user_id } }),
      ),
    { refresh: [["conversation", conversation.id], ["conversations"]] },
  );
  const others = (users.data ?? []).filter((each) => each.id !== user.id && !each.disabled && !each.invited);
  const person = others.find((each) => each.id === conversation.assigned_to);
  const name =
    conversation.assigned_to === null
      ? t("inbox.nobody")
      : conversation.assigned_to === user.id
        ? t("inbox.me")
        : person?.name || person?.email || t("inbox.somebody");
  return (
    <Menu>
      <Menu.Target>
        <Button
          variant="subtle"
          color="gray"
          leftSection={<UserRound size={15} />}
          aria-label={`${t("inbox.assign")}: ${name}`}
        >
          {name}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item onClick={() => assign.mutate(user.id)}>{t("inbox.toMe")}</Menu.Item>
        {others.map((each) => (
          <Menu.Item key={each.id} onClick={() => assign.mutate(each.id)}>
            {each.name || each.email}
          </Menu.Item>
        ))}
        <Menu.Item onClick={() => assign.mutate(null)}>{t("inbox.nobody")}</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
