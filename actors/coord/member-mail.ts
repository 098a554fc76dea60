/** Messages of one member to the others: onto their subjects, in bytes. */
import type { MemberId } from '../../protocol/ids.ts';
import type { Subjects } from '../../protocol/subjects.ts';
import type { Transport } from '../actor.ts';
import type { SnapshotPiece, SnapshotRead } from './log/transfer.ts';
import { encodeMemberMessage, type MemberMessage } from './member-messages.ts';

export class MemberMail {
  private readonly transport: Transport;
  private readonly bulk: Transport;
  private readonly subjects: Subjects;

  constructor(
    ports: { readonly transport: Transport; readonly bulk: Transport },
    subjects: Subjects,
  ) {
    this.transport = ports.transport;
    this.bulk = ports.bulk;
    this.subjects = subjects;
  }

  /** With a reply subject NATS says there when nobody listens. */
  send(to: MemberId | 'all', message: MemberMessage, reply?: string): void {
    const subject = to === 'all' ? this.subjects.quorumAll() : this.subjects.quorumMember(to);
    const bytes = encodeMemberMessage(message);
    this.transport.publish(subject, bytes, reply === undefined ? {} : { reply });
  }

  /** Over the connection for bulk. */
  sendBulk(to: MemberId, message: SnapshotRead | SnapshotPiece): void {
    this.bulk.publish(this.subjects.quorumBulk(to), encodeMemberMessage(message));
  }
}
