"""Wordings of refusals, of notes on a translation, and of what only resembles them, by language."""

PLAIN_REFUSALS = {
    "de": [
        "Leider ist es mir nicht möglich, auf diese Frage einzugehen.",
        "Auf Ihre Frage kann ich keine Antwort geben.",
        "Zu diesem Thema darf ich keine Auskunft geben.",
        "Ich kann dir bei dieser Aufgabe nicht helfen.",
        "Die Übersetzung dieses Textes ist mir nicht möglich.",
        "Ich weigere mich, diese Frage zu beantworten.",
        "Als Assistent kann ich diese Anfrage nicht erfüllen.",
        "Auf eine solche Anfrage darf ich nicht eingehen.",
        "Ich sehe mich außerstande, diese Aufgabe zu bearbeiten.",
        "Bei dieser Bitte kann ich Sie nicht unterstützen.",
    ],
    "fi": [
        "En valitettavasti kykene vastaamaan kysymykseesi.",
        "Pyyntöäsi ei voida toteuttaa.",
        "En voi antaa vastausta tähän kysymykseen.",
        "Kieltäydyn vastaamasta tähän kysymykseen.",
        "En osaa vastata tuohon.",
        "Minun ei ole mahdollista vastata tällaisiin kysymyksiin.",
        "Tähän en voi vastata.",
        "En valitettavasti voi täyttää tätä pyyntöä.",
    ],
    "fr": [
        "Je ne saurais répondre à cette question.",
        "Je refuse de répondre à cette question.",
        "Je ne peux malheureusement pas traduire ce passage.",
        "Cette demande ne peut pas être traitée.",
        "Je ne peux pas t'aider pour ça.",
        "Je suis dans l'impossibilité de traiter votre requête.",
        "Répondre à cette question m'est impossible.",
        "Désolé, je ne peux pas traduire cela.",
    ],
    "pt": [
        "Infelizmente não me é possível responder à sua pergunta.",
        "Recuso-me a responder a essa pergunta.",
        "Não posso fornecer uma resposta a esta pergunta.",
        "Não tenho como ajudar com esse pedido.",
        "Não me é permitido responder a perguntas sobre este tema.",
        "A esta pergunta não posso responder.",
        "Não estou em condições de cumprir essa tarefa.",
    ],
    "hu": [
        "Sajnos erre nem tudok választ adni.",
        "Nem tudom lefordítani ezt a részt.",
        "Ezt a kérést nem teljesíthetem.",
        "Nem vagyok képes válaszolni a kérdésedre.",
        "A kérésedet nem tudom teljesíteni.",
        "Ezt a szöveget nem fordíthatom le.",
        "Nem segíthetek ebben a témában.",
    ],
    "lt": [
        "Aš negaliu jums padėti šiuo klausimu.",
        "Į šį klausimą atsakyti negaliu.",
        "Deja, negaliu įvykdyti šios užduoties.",
        "Atsisakau atsakyti į šį klausimą.",
        "Neturiu galimybės atsakyti į jūsų klausimą.",
        "Šio prašymo įvykdyti negalėsiu.",
        "Tokios užduoties vykdyti negaliu.",
    ],
    "ga": [
        "Ní thig liom an t-iarratas seo a chomhlíonadh.",
        "Níl sé ar mo chumas an cheist sin a fhreagairt.",
        "Ní fhéadaim cabhrú leis sin.",
        "Níl mé ábalta do cheist a fhreagairt.",
        "Ní féidir liom cuidiú leat leis seo.",
    ],
    "mt": [
        "Mhux possibbli għalija li nwieġeb il-mistoqsija tiegħek.",
        "Ma nistax nissodisfa t-talba tiegħek.",
        "M’iniex kapaċi nwieġeb din il-mistoqsija.",
        "Ma nistax nagħtik tweġiba għal din it-talba.",
    ],
    "zh": [
        "抱歉，我不能协助处理这类请求。",
        "对于这个问题，我无法给出答案。",
        "我不能翻译这篇文章。",
        "该请求我无法满足。",
        "我拒绝回答这个问题。",
        "无法回答该问题。",
        "很抱歉，该要求我难以满足。",
        "我无法为您翻译此内容。",
        "恕我不能回答此类问题。",
    ],
    "hi": [
        "आपके प्रश्न का उत्तर देना मेरे लिए संभव नहीं है।",
        "इस काम में मैं आपकी मदद नहीं कर सकता।",
        "मैं इस सवाल का जवाब नहीं दे पाऊँगा।",
        "मैं इस विषय पर सहायता नहीं कर पाऊँगा।",
        "आपका अनुरोध पूरा नहीं किया जा सकता।",
    ],
    "tr": [
        "Bu isteği yerine getirmem mümkün değil.",
        "Sorunuza cevap veremiyorum.",
        "Bu metnin çevirisini yapamam.",
        "Bu soruya cevap vermem mümkün değil.",
        "Bu talebi karşılayamıyorum.",
        "Böyle bir soruya yanıt veremem.",
        "Bu metni tercüme edemem.",
    ],
    "es": [
        "Me niego a responder a esta pregunta.",
        "Lamentablemente no puedo traducir este pasaje.",
    ],
    "en": [
        "I must decline to answer this question.",
        "Unfortunately, this is a request I can't fulfill.",
        "I won't answer that question.",
        "I am unable to process your request.",
        "I'm afraid I can't help with this question.",
    ],
    "it": [
        "Non posso rispondere a questa domanda.",
        "Non sono in grado di tradurre questo testo.",
    ],
    "nl": [
        "Ik kan deze vraag niet beantwoorden.",
        "Daarmee kan ik je niet helpen.",
    ],
    "sv": [
        "Jag kan inte svara på den frågan.",
        "Jag kan inte hjälpa till med det här.",
    ],
    "pl": [
        "Nie mogę odpowiedzieć na to pytanie.",
        "Nie jestem w stanie przetłumaczyć tego tekstu.",
    ],
    "ru": [
        "Я не могу ответить на этот вопрос.",
        "Я не могу помочь с этим запросом.",
    ],
    "ja": [
        "この質問にはお答えできません。",
        "このリクエストには対応できません。",
    ],
    "ko": [
        "이 질문에는 답변할 수 없습니다.",
    ],
    "ar": [
        "لا أستطيع الإجابة على هذا السؤال.",
    ],
}
"""Without an apology at the beginning, or with one that the others do not have."""

NOTES = {
    "de": [
        "(Dies ist eine Übersetzung aus dem Englischen.)",
        "Hoffentlich ist die Übersetzung hilfreich.",
        "(Aus dem Englischen übersetzt.)",
        "Ich hoffe, diese Übersetzung hilft dir weiter!",
    ],
    "fi": [
        "(Tämä on käännös englannista.)",
        "Toivon, että suomennoksesta on hyötyä.",
        "(Käännetty englannista.)",
        "Toivottavasti tämä käännös auttaa!",
    ],
    "fr": [
        "(Ceci est une traduction de l'anglais.)",
        "En espérant que la traduction vous convienne.",
        "(Traduit de l'anglais.)",
        "J'espère que cette traduction vous aidera !",
    ],
    "pt": [
        "(Este texto é uma tradução.)",
        "Se precisar de ajustes na tradução, avise!",
        "Espero que esta tradução ajude!",
        "(Traduzido do inglês.)",
    ],
    "hu": [
        "(Ez egy angolról készült fordítás.)",
        "Bízom benne, hogy a fordítás megfelel.",
        "(Angolból fordítva.)",
        "Remélem, ez a fordítás segít!",
    ],
    "lt": [
        "(Tai vertimas iš anglų kalbos.)",
        "Jei reikia pataisyti vertimą, praneškite.",
        "(Išversta iš anglų kalbos.)",
        "Tikiuosi, kad šis vertimas padės!",
    ],
    "ga": [
        "(Is aistriúchán ón mBéarla é seo.)",
        "(Aistrithe ón mBéarla.)",
        "Tá súil agam go gcabhróidh an t-aistriúchán seo leat!",
    ],
    "mt": [
        "(Din hija traduzzjoni mill-Ingliż.)",
        "(Tradott mill-Ingliż.)",
        "Nittama li din it-traduzzjoni tgħinek!",
    ],
    "zh": [
        "（本文为英文译文。）",
        "如需修改译文，请告诉我。",
        "（译自英文。）",
        "希望这段翻译对您有帮助！",
    ],
    "hi": [
        "(यह अंग्रेज़ी का अनुवाद है।)",
        "उम्मीद है यह अनुवाद मददगार होगा।",
        "(अंग्रेज़ी से अनुवादित।)",
        "आशा है कि यह अनुवाद आपके काम आएगा!",
    ],
    "tr": [
        "(Bu bir çeviridir.)",
        "Çeviride değişiklik isterseniz söyleyin.",
        "(İngilizceden çevrilmiştir.)",
        "Umarım bu çeviri işinize yarar!",
    ],
    "pt-BR": [
        "Espero que a tradução seja útil!",
        "(Tradução do inglês)",
    ],
    "es": [
        "(Traducido del inglés.)",
        "¡Espero que esta traducción te sirva!",
    ],
    "it": [
        "(Tradotto dall'inglese.)",
        "Spero che questa traduzione ti sia utile!",
    ],
    "nl": [
        "(Vertaald uit het Engels.)",
        "Ik hoop dat deze vertaling helpt!",
    ],
    "sv": [
        "(Översatt från engelska.)",
        "Hoppas att översättningen hjälper!",
    ],
    "pl": [
        "(Przetłumaczono z angielskiego.)",
        "Mam nadzieję, że to tłumaczenie pomoże!",
    ],
    "ru": [
        "(Переведено с английского.)",
        "Надеюсь, этот перевод поможет!",
    ],
    "ja": [
        "（英語から翻訳）",
        "この翻訳がお役に立てば幸いです。",
    ],
    "ko": [
        "(영어에서 번역됨)",
        "이 번역이 도움이 되길 바랍니다.",
    ],
    "ar": [
        "(مترجم من الإنجليزية)",
        "آمل أن تكون هذه الترجمة مفيدة.",
    ],
    "en": [
        "(Translated from German.)",
        "I hope this translation helps!",
    ],
}
"""What a translator adds at the end."""

RESEMBLING = {
    "de": [
        "Ich kann nicht schlafen, wenn es laut ist, und diese Frage beschäftigt viele.",
        "Liebe Anna,\nleider kann ich dir bei deiner Frage nicht helfen.",
        "Wenn ich eine Frage nicht beantworten kann, frage ich nach.",
        "Sag offen, dass du die Frage nicht beantworten kannst.",
        "Das Wort wurde im 19. Jahrhundert aus dem Englischen übersetzt und blieb.",
        "Ich habe den Text gelesen. Ich habe die Namen behalten.",
    ],
    "fi": [
        "En voi sanoa, milloin juna tulee, mutta kysymys on hyvä.",
        "Kirja on käännetty englannista suomeksi vuonna 1950 ja siitä otettiin kaksi painosta.",
    ],
    "fr": [
        "Je ne peux pas manger de noix, ce qui pose question.",
    ],
    "hu": [
        "Nem tudok úszni, de szeretnék megtanulni.",
    ],
    "lt": [
        "Negaliu atvykti, nes dirbu.",
    ],
    "en": [
        "I can't swim, so this question is not for me.",
        "The novel was translated from French in 1901. It sold well.",
        "If you can't answer a question, say so.",
        "Ask for help with this.",
    ],
    "zh": [
        "我不能吃花生，这个问题从小就有。",
        "这本书译自英文，1990年出版，很受欢迎。",
    ],
    "tr": [
        "Bu konu zor. Not: Yarın gelirim.",
    ],
    "pt": [
        "Não posso comer glúten, e este tema é importante para mim.",
    ],
}
"""Sentences of answers: nothing is declined in them, and no translator speaks."""
