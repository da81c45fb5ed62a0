/**
 * Every way in which an exchange can end without an answer: one closed list, with the words that a department
 * reads. What the log keeps is the code. A code says whose fault it is: `Client.…` the caller's, `Server.…` ours or
 * the provider's.
 */

/** The order in which several policy refusals are told to the caller (design §2). */
export const POLICY_REFUSALS = [
  'Client.Policy.ProcessorAsController',
  'Client.Policy.ControllerMismatch',
  'Client.Policy.Article6NoBasis',
  'Client.Policy.OnwardUse',
  'Client.Policy.PurposeMismatch',
  'Client.Policy.AgreementExpired',
  'Client.Policy.NoBasis',
  'Client.Policy.FieldNotAllowed',
] as const
export type PolicyRefusal = (typeof POLICY_REFUSALS)[number]

export interface Words {
  readonly status: number
  readonly title: string
  readonly titleZh: string
  /** What happened and what to do about it. Never holds anything that a caller or a provider sent. */
  readonly detail: string
}

function words(status: number, title: string, titleZh: string, detail: string): Words {
  return { status, title, titleZh, detail }
}

// A table is read by its rows.
// prettier-ignore
export const REFUSALS = {
  'Client.Identity.CertificateMissing': words(401, 'No client certificate', '未提供用戶端憑證', 'Connect with the TLS certificate that was issued to your subsystem.'),
  'Client.Identity.CertificateUntrusted': words(401, 'Certificate not from this CA', '憑證非由本系統簽發', 'The certificate was not issued by a certification authority of this instance. Use the one issued to your subsystem.'),
  'Client.Identity.CertificateUnsuitable': words(401, 'Certificate names no subsystem', '憑證未載明子系統', 'The certificate must carry exactly one URI urn:gongdao:subsystem:… as subject alternative name and be usable for TLS clients. Ask the registrar for a new one.'),
  'Client.Identity.CertificateExpired': words(401, 'Certificate expired', '憑證已逾期', 'Renew the certificate of your subsystem.'),
  'Client.Identity.CertificateNotYetValid': words(401, 'Certificate not yet valid', '憑證尚未生效', 'Check the clock of your system and the start of validity of the certificate.'),
  'Client.Identity.CertificateRevoked': words(401, 'Certificate revoked', '憑證已廢止', 'Ask the registrar why it was revoked, and for a new one.'),
  'Client.Identity.UnknownSubsystem': words(403, 'Subsystem not registered', '子系統未登錄', 'The certificate is good, but its subsystem is not in the registry. Ask the registrar.'),
  'Client.Identity.ClientMismatch': words(403, 'X-Road-Client names another', 'X-Road-Client 與憑證不符', 'X-Road-Client must name the subsystem of the certificate that the connection was made with.'),
  'Client.Request.MalformedPath': words(400, 'Malformed path', '路徑格式錯誤', 'The path is not /r1/{instance}/{class}/{code}/{subsystem}/{service}/… in canonical percent-encoding, without empty or dot segments.'),
  'Client.Request.MalformedHeader': words(400, 'Malformed header', '標頭格式錯誤', 'A header of the protocol does not have the form that its definition asks for.'),
  'Client.Request.DuplicateHeader': words(400, 'Header given twice', '標頭重複', 'A header that may stand once stands more than once.'),
  'Client.Request.ClientMissing': words(400, 'X-Road-Client missing', '缺少 X-Road-Client', 'Send X-Road-Client: {instance}/{class}/{code}/{subsystem}.'),
  'Client.Request.UnknownSecurityServer': words(404, 'Another security server', '非本安全伺服器', 'X-Road-Security-Server names a server that is not this gateway. Leave it out, or ask that server.'),
  'Client.Request.UnknownService': words(404, 'Unknown service', '查無此服務', 'No such service is registered. listMethods of the provider names its services.'),
  'Client.Request.UnknownEndpoint': words(404, 'Unknown endpoint', '查無此端點', 'The service is registered, this path of it is not. listMethods names its endpoints.'),
  'Client.Request.UnknownExchange': words(404, 'Unknown exchange', '查無此交換', 'No exchange of yours with this id is remembered. Receipts are kept for the newest exchanges; ask the operator for an older one.'),
  'Client.Request.MethodNotAllowed': words(405, 'Method not allowed', '不允許之方法', 'The path is registered, but not with this method; Allow names those that are.'),
  'Client.Request.PurposeMissing': words(400, 'Exchange-Purpose missing', '缺少特定目的', 'Send Exchange-Purpose with the code of the specific purpose, e.g. 031.'),
  'Client.Request.PurposeUnknown': words(422, 'Unknown purpose', '特定目的代號不存在', 'Exchange-Purpose is not a code of the registered list of purposes.'),
  'Client.Request.PartyUnknown': words(422, 'Unknown represented party', '查無此委託機關', 'X-Road-Represented-Party names a member that is not registered.'),
  'Client.Request.FieldUnknown': words(422, 'Unknown field', '查無此欄位', 'Exchange-Fields has a name that is not registered for this endpoint. getOpenAPI names its fields.'),
  'Client.Request.DuplicateLocator': words(400, 'Subject named twice', '當事人重複指定', 'The subject must be named exactly once, at the place that the registration names.'),
  'Client.Request.LocatorMissing': words(400, 'Subject not named', '未指定當事人', 'The request does not name the subject at the place that the registration names.'),
  'Client.Request.SubjectMalformed': words(422, 'Not a national identifier', '非有效之統一編號', 'The subject is not named by a well-formed national identification number in capital letters.'),
  'Client.Request.ParameterMissing': words(400, 'Parameter missing', '缺少參數', 'A parameter that the registration requires is not there.'),
  'Client.Request.ParameterUnregistered': words(400, 'Unregistered parameter', '未登錄之參數', 'The request has a parameter or a body member that is not registered for this endpoint.'),
  'Client.Request.ParameterRepeated': words(400, 'Parameter given twice', '參數重複', 'A parameter or a body member stands twice.'),
  'Client.Request.ParameterMalformed': words(422, 'Malformed parameter', '參數格式錯誤', 'A parameter does not have its registered type.'),
  'Client.Request.BodyMalformed': words(400, 'Malformed body', '內容格式錯誤', 'The body is not one JSON text (RFC 8259) in UTF-8, or there is a body where none is registered.'),
  'Client.Request.BodyTooLarge': words(413, 'Body too large', '內容過大', 'The body is larger than the service is registered for.'),
  'Client.Request.UnsupportedMediaType': words(415, 'Unsupported media type', '不支援之內容類型', 'Send the body as the media type that is registered, without content coding.'),
  'Client.Request.HeadersTooLarge': words(431, 'Headers too large', '標頭過大', 'Send fewer or shorter headers.'),
  'Client.Request.TooSlow': words(408, 'Request too slow', '請求逾時', 'The request did not arrive whole within the time allowed.'),
  'Client.Request.Malformed': words(400, 'Not an HTTP request', '非有效之 HTTP 請求', 'The message breaks RFC 9112: for instance Host is missing, or Content-Length and Transfer-Encoding contradict each other.'),
  'Client.Request.Repeated': words(409, 'Already asked', '重複之請求', 'A request with this Idempotency-Key was accepted before; Exchange-State says what became of it. The provider is never asked twice.'),
  'Client.Request.Abandoned': words(400, 'Caller left', '呼叫端已離線', 'The connection was closed before the answer came. It was not passed on; what became of the exchange is recorded.'),
  'Client.Load.RateLimited': words(429, 'Too many requests', '請求過於頻繁', 'Your subsystem, or all consumers of the service together, asked more often than its limit allows; RateLimit-Policy names the limit. Nothing was asked or recorded. Try again after the time in Retry-After.'),
  'Client.Policy.ProcessorAsController': words(403, 'A processor cannot collect for itself', '受託機關不得為蒐集主體', 'A processor acts on behalf of a controller: name it in X-Road-Represented-Party (PDPA §4).'),
  'Client.Policy.ControllerMismatch': words(403, 'Controllers do not agree', '蒐集主體不一致', 'The controller named is not one that this subsystem acts for, or not the one in the agreement.'),
  'Client.Policy.Article6NoBasis': words(403, 'Special category without a basis', '特種個資缺乏第六條但書依據', 'A field of a special category needs a basis of PDPA §6(1) in the agreement.'),
  'Client.Policy.OnwardUse': words(403, 'Onward use is excluded', '不得另作其他目的使用', 'The agreement excludes use for any other purpose than those it names.'),
  'Client.Policy.PurposeMismatch': words(403, 'Purpose not in the agreement', '與協議之特定目的不符', 'The declared purpose is not one of the agreement.'),
  'Client.Policy.AgreementExpired': words(403, 'Agreement not in force', '協議不在有效期間', 'The agreement is not yet, or no longer, in force. Renew it.'),
  'Client.Policy.NoBasis': words(403, 'No legal basis', '缺乏法律依據', 'No agreement in force covers this request: its parties, service, endpoint, basis or the persons it asks about.'),
  'Client.Policy.FieldNotAllowed': words(403, 'Field not allowed', '欄位不在允許範圍', 'The request asks for a field, or for an extent of a parameter, that the agreement does not cover.'),
  'Server.Identity.RevocationListStale': words(503, 'Revocation list out of date', '憑證廢止清冊已過期', 'The gateway has no current revocation list, so no certificate can be trusted. Its operator must publish one.'),
  'Server.Ledger.Unavailable': words(503, 'The ledger cannot record', '交換紀錄無法寫入', 'Nothing passes that cannot be recorded. Try again after the time in Retry-After.'),
  'Server.Keys.Unavailable': words(503, 'The key store cannot be reached', '金鑰庫無法使用', 'Without the person’s key nothing can be recorded, so nothing passes. Try again after the time in Retry-After.'),
  'Server.Registry.Changed': words(503, 'The registry changed meanwhile', '登錄資料已變更', 'The decision rested on documents that changed before the answer could leave. Ask again.'),
  'Server.Overloaded': words(503, 'Too many exchanges in flight', '系統忙碌', 'Try again after the time in Retry-After.'),
  'Server.Load.Busy': words(503, 'Too many exchanges at one time', '同時交換數已達上限', 'As many exchanges as are allowed at one time for your subsystem, or with this provider, are under way. Nothing was asked or recorded. Try again after the time in Retry-After.'),
  'Server.Stopped': words(503, 'The gateway stopped', '系統已停止', 'The gateway stopped before the answer came. It was not passed on; what became of the exchange is recorded.'),
  'Server.Stopping': words(503, 'The gateway is stopping', '系統即將停止', 'Nothing was asked or recorded. Connect to another gateway, or to this one after the time in Retry-After.'),
  'Server.Provider.Unavailable': words(503, 'Provider out of order', '資料提供機關暫停服務', 'The provider has not answered several times in a row, so it is not asked for a while. Nothing was asked or recorded. Try again after the time in Retry-After.'),
  'Server.Provider.Unreachable': words(502, 'Provider cannot be reached', '無法連線資料提供機關', 'No connection to the provider could be made; it was not asked. Try again later.'),
  'Server.Provider.Untrusted': words(502, 'Provider cannot be identified', '無法確認資料提供機關身分', "The server at the provider's address does not hold a good certificate of the registered subsystem; it was not asked. Tell the provider."),
  'Server.Provider.Timeout': words(504, 'Provider too slow', '資料提供機關逾時', 'The provider did not answer whole within the registered time.'),
  'Server.Provider.Broken': words(502, 'Provider broke off', '資料提供機關中斷連線', "The provider's answer did not arrive whole."),
  'Server.Provider.TooLarge': words(502, 'Answer too large', '回應過大', "The provider's answer is larger than its registration allows."),
  'Server.Provider.Unsuitable': words(502, 'Answer of an unregistered kind', '回應類型未登錄', "The provider's answer is not plain JSON as registered (content type, content coding)."),
  'Server.Provider.Malformed': words(502, 'Answer is not well-formed', '回應格式錯誤', "The provider's answer is not JSON, repeats a member name, or a field does not have its registered type."),
  'Server.Provider.WrongSubject': words(502, 'Answer about another person', '回應非屬所查詢之當事人', "The provider's answer is not about the person that was asked about, or does not say whom it is about. Nothing was passed on."),
  'Server.Provider.FurtherPeople': words(502, 'Answer names further people', '回應涉及其他人', "The provider's answer names people that nobody decided about. Nothing was passed on."),
  'Server.Provider.Refused': words(502, 'Provider reported an error', '資料提供機關回報錯誤', 'The provider answered with an error whose body is not registered; its status is passed on.'),
  'Server.Internal': words(500, 'Internal fault', '系統內部錯誤', 'The fault is ours and was recorded. Name the exchange id when you report it.'),
} as const satisfies Record<string, Words>

export type Refusal = keyof typeof REFUSALS

/** Narrows a text to a code of the list. */
export function isRefusal(text: string): text is Refusal {
  return Object.hasOwn(REFUSALS, text)
}
