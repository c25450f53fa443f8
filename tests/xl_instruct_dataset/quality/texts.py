"""One sentence in several languages."""

FINNISH = "Kissa nukkuu suurimman osan päivästä, koska se säästää voimia saalistukseen."
GERMAN = "Die Katze schläft den größten Teil des Tages, weil sie Kraft für die Jagd spart."
CHINESE = "猫一天的大部分时间都在睡觉，因为它要为捕猎节省体力。"
HINDI = "बिल्ली दिन का ज़्यादातर समय सोती है, क्योंकि उसे शिकार के लिए ताक़त बचानी होती है।"
ENGLISH = "The cat sleeps for most of the day, because it saves its strength for the hunt."
