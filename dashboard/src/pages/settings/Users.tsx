import { Button, Menu, Modal, Select, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { MoreHorizontal, UserPlus } from "lucide-react";
import { type FormEvent, useState } from "react";
import { answer, api } from "~/api/client";
import { usersQuery } from "~/api/queries";
import type { Role, User } from "~/api/types";
import { useI18n } from "~/i18n";
import { useMay, useSession } from "~/shell/session";
import { Code } from "~/ui/Code";
import { Confirm } from "~/ui/Confirm";
import { Gate } from "~/ui/Gate";
import { Notice } from "~/ui/Notice";
import { Page } from "~/ui/Page";
import { State } from "~/ui/State";
import { Loaded } from "~/ui/Status";
import { Table } from "~/ui/Table";
import { Ago } from "~/ui/Time";
import { useAct } from "~/ui/useAct";
import { useFields } from "~/ui/useFields";

const ROLES: readonly Role[] = ["owner", "admin", "agent"];

export default function Users() {
  const { t } = useI18n();
  const users = useQuery(usersQuery);
  const [inviting, setInviting] = useState(false);
  const [link, setLink] = useState<string | null>(null);
  const invite = (
    <Button leftSection={<UserPlus size={16} />} onClick={() => setInviting(true)}>
      {t("users.invite")}
    </Button>
  );
  return (
    <Gate part="users">
      <Page title={t("settings.users")} about={t("users.about")} actions={invite}>
        <Loaded query={users}>
          {(all) => (
            <Table
              label={t("settings.users")}
              head={[t("users.person"), t("users.role"), t("users.state"), t("users.lastSeen"), t("common.actions")]}
            >
              {all.map((user) => (
                <Row key={user.id} user={user} onLink={setLink} />
              ))}
            </Table>
          )}
        </Loaded>
        <Invite opened={inviting} onClose={() => setInviting(false)} onLink={setLink} />
        <Modal
          opened={link !== null}
          onClose={() => setLink(null)}
          title={t("users.link")}
          closeButtonProps={{ "aria-label": t("common.close") }}
        >
          <div className="stack">
            <Notice>{t("users.linkAbout")}</Notice>
            <Code text={link ?? ""} label={t("users.link")} />
          </div>
        </Modal>
      </Page>
    </Gate>
  );
}

/** The roles that one may give: only an owner makes owners. */
function useRoles(): { value: Role; label: string }[] {
  const { t } = useI18n();
  const owner = useMay("plan");
  return ROLES.filter((role) => owner || role !== "owner").map((value) => ({ value, label: t(`role.${value}`) }));
}

function Invite({ opened, onClose, onLink }: { opened: boolean; onClose: () => void; onLink: (url: string) => void }) {
  const { t } = useI18n();
  const roles = useRoles();
  const form = useFields<{ email: string; role: Role }>({ email: "", role: "agent" });
  const invite = useAct(() => answer(api.POST("/v1/users", { body: form.values })), {
    form,
    refresh: [["users"]],
    after: ({ invitation_url }) => {
      form.set("email", "");
      onClose();
      onLink(invitation_url);
    },
  });
  function submit(event: FormEvent) {
    event.preventDefault();
    invite.mutate(undefined);
  }
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={t("users.invite")}
      closeButtonProps={{ "aria-label": t("common.close") }}
    >
      <form className="stack" onSubmit={submit}>
        <TextInput type="email" label={t("signin.email")} {...form.text("email")} required data-autofocus />
        <Select
          label={t("users.role")}
          description={t(`roleAbout.${form.values.role}`)}
          data={roles}
          value={form.values.role}
          onChange={(value) => form.set("role", (value ?? "agent") as Role)}
        />
        <div>
          <Button type="submit" loading={invite.isPending}>
            {t("users.makeLink")}
          </Button>
        </div>
      </form>
    </Modal>
  );
}

function Row({ user, onLink }: { user: User; onLink: (url: string) => void }) {
  const { t } = useI18n();
  const { user: me } = useSession();
  const roles = useRoles();
  const [asked, setAsked] = useState(false);
  const path = { params: { path: { id: user.id } } };
  const refresh = [["users"]];
  const change = useAct(
    (body: { role?: Role; disabled?: boolean }) => answer(api.PATCH("/v1/users/{id}", { ...path, body })),
    { done: t("settings.saved"), refresh },
  );
  const again = useAct(() => answer(api.POST("/v1/users/{id}/invite", path)), {
    refresh,
    after: ({ invitation_url }) => onLink(invitation_url),
  });
  const remove = useAct(() => answer(api.DELETE("/v1/users/{id}", path)), { done: t("users.removed"), refresh });
  const self = user.id === me.id;
  return (
    <tr>
      <td>
        <strong>{user.name || user.email}</strong>
        {user.name && <div className="small dim">{user.email}</div>}
      </td>
      <td>{t(`role.${user.role}`)}</td>
      <td>
        <UserState user={user} />
      </td>
      <td>{user.signed_in_at ? <Ago at={user.signed_in_at} /> : "—"}</td>
      <td>
        {!self && (
          <Menu>
            <Menu.Target>
              <Button variant="default" size="compact-sm" aria-label={t("users.change", { name: user.email })}>
                <MoreHorizontal size={15} />
              </Button>
            </Menu.Target>
            <Menu.Dropdown>
              {roles
                .filter((role) => role.value !== user.role)
                .map((role) => (
                  <Menu.Item key={role.value} onClick={() => change.mutate({ role: role.value })}>
                    {t("users.makeRole", { role: role.label })}
                  </Menu.Item>
                ))}
              {user.invited && <Menu.Item onClick={() => again.mutate(undefined)}>{t("users.newLink")}</Menu.Item>}
              {!user.invited && (
                <Menu.Item onClick={() => change.mutate({ disabled: !user.disabled })}>
                  {user.disabled ? t("users.enable") : t("users.disable")}
                </Menu.Item>
              )}
              <Menu.Item color="red" onClick={() => setAsked(true)}>
                {t("users.remove")}
              </Menu.Item>
            </Menu.Dropdown>
          </Menu>
        )}
        <Confirm
          opened={asked}
          onClose={() => setAsked(false)}
          title={t("users.removeTitle", { name: user.name || user.email })}
          action={t("users.remove")}
          typed={user.email}
          onConfirm={() => remove.mutate(undefined)}
        >
          {t("users.removeAbout")}
        </Confirm>
      </td>
    </tr>
  );
}

function UserState({ user }: { user: User }) {
  const { t } = useI18n();
  if (user.disabled) return <State tone="off" label={t("users.disabled")} />;
  if (user.invited) return <State tone="busy" label={t("users.invited")} />;
  return <State tone="ok" label={user.totp ? t("users.activeTotp") : t("users.active")} />;
}
