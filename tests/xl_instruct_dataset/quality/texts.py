"""One sentence in several languages."""

FINNISH = "Kissa nukkuu suurimman osan päivästä, koska se säästää voimia saalistukseen."
GERMAN = "Die Katze schläft den größten Teil des Tages, weil sie Kraft für die Jagd spart."
CHINESE = "猫一天的大部分时间都在睡觉，因为它要为捕猎节省体力。"
HINDI = "बिल्ली दिन का ज़्यादातर समय सोती है, क्योंकि उसे शिकार के लिए ताक़त बचानी होती है।"
ENGLISH = "The cat sleeps for most of the day, because it saves its strength for the hunt."

REFUSALS = {
    "en": ["I'm sorry, but I can't help with that request.", "I cannot answer this question because it is not said."],
    "de": [
        "Es tut mir leid, aber ich kann Ihnen bei dieser Anfrage nicht helfen.",
        "Leider kann ich diese Frage nicht beantworten.",
        "Entschuldigung, damit kann ich nicht weiterhelfen.",
    ],
    "fi": [
        "Olen pahoillani, mutta en voi auttaa tämän pyynnön kanssa, koska se on sopimaton.",
        "Valitettavasti en voi vastata tähän kysymykseen.",
    ],
    "pt": ["Desculpe, mas não posso ajudar com esse pedido.", "Lamento, mas não consigo responder a essa pergunta."],
    "fr": ["Je suis désolé, mais je ne peux pas répondre à cette demande.", "Désolée, je ne peux pas vous aider."],
    "hu": ["Sajnálom, de ebben nem tudok segíteni.", "Sajnos nem tudok válaszolni erre a kérdésre."],
    "lt": ["Atsiprašau, bet negaliu padėti su šiuo prašymu.", "Deja, negaliu atsakyti į šį klausimą."],
    "ga": ["Tá brón orm, ach ní féidir liom cabhrú leis an iarratas seo."],
    "mt": ["Jiddispjaċini, imma ma nistax ngħinek b'din it-talba."],
    "zh": ["很抱歉，我无法满足您的请求。", "对不起，我不能回答这个问题，因为文中没有提到。"],
    "hi": ["मुझे खेद है, लेकिन मैं इस अनुरोध में आपकी सहायता नहीं कर सकता।"],
    "tr": ["Üzgünüm, ancak bu istek konusunda yardımcı olamam.", "Maalesef bu soruyu yanıtlayamıyorum."],
    "es": ["Lo siento, pero no puedo ayudarte con esa solicitud."],
    "it": ["Mi dispiace, ma non posso aiutarti con questa richiesta."],
    "nl": ["Het spijt me, maar ik kan niet helpen met dit verzoek.", "Helaas kan ik deze vraag niet beantwoorden."],
    "sv": ["Jag är ledsen, men jag kan inte hjälpa till med den här begäran."],
    "da": ["Beklager, men jeg kan ikke hjælpe med denne anmodning."],
    "pl": ["Przepraszam, ale nie mogę pomóc w spełnieniu tej prośby."],
    "cs": ["Omlouvám se, ale s touto žádostí vám nemohu pomoci."],
    "ro": ["Îmi pare rău, dar nu pot să ajut cu această cerere."],
    "et": ["Vabandust, aga ma ei saa selle taotlusega aidata."],
    "lv": ["Atvainojiet, bet es nevaru palīdzēt ar šo pieprasījumu."],
    "el": ["Λυπάμαι, αλλά δεν μπορώ να βοηθήσω με αυτό το αίτημα."],
    "ru": ["Извините, но я не могу выполнить эту просьбу."],
    "uk": ["Вибачте, але я не можу виконати цей запит."],
    "ja": ["申し訳ありませんが、そのリクエストにはお応えできません。"],
    "ko": ["죄송하지만 해당 요청은 도와드릴 수 없습니다."],
    "ar": ["آسف، لا أستطيع المساعدة في هذا الطلب."],
}
"""Refusals in the language of the response."""

REMARKS = {
    "de": "Der Text steht hier.\n\n(Hinweis: Diese Übersetzung wurde so wörtlich wie möglich gehalten.)",
    "fi": "Teksti on tässä.\n\n(Huom: Tämä käännös säilyttää tekstin sävyn.)",
    "fr": "Le texte est là.\n\n(Remarque : cette traduction conserve le ton du texte.)",
    "pt": "O texto está aqui.\n\nNota: esta tradução mantém o tom do texto.",
    "hu": "Itt a szöveg.\n\n(Megjegyzés: Ez a fordítás megőrzi a szöveg hangnemét.)",
    "lt": "Čia yra tekstas.\n\n(Pastaba: šis vertimas išlaiko teksto toną.)",
    "ga": "Seo an téacs.\n\n(Nóta: coinníonn an t-aistriúchán seo ton an téacs.)",
    "mt": "It-test qiegħed hawn.\n\n(Nota: din it-traduzzjoni żżomm it-ton tat-test.)",
    "zh": "正文在这里。\n\n（注：本翻译保留了原文的语气。）",
    "hi": "पाठ यहाँ है।\n\n(नोट: यह अनुवाद मूल भाव को बनाए रखता है।)",
    "tr": "Metin burada.\n\n(Not: Bu çeviri metnin tonunu korur.)",
}
"""A text with a remark on its translation, both in the language of the response."""
